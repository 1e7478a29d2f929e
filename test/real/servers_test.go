package real

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var nextPort = func() *atomic.Uint32 {
	var n atomic.Uint32
	n.Store(uint32(os.Getpid()) * 61)
	return &n
}()

// freePort is a port that nothing listens on, below those that the kernel and other
// tests hand out, so that nobody takes it between this moment and the server's start.
// Each run begins elsewhere.
func freePort(t *testing.T) int {
	t.Helper()
	const first, ports = 12000, 18000
	for range ports {
		p := first + int(nextPort.Add(1)%ports)
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", p)) // every address, both families
		if err != nil {
			continue
		}
		_ = l.Close()
		return p
	}
	t.Fatal("no port is free")
	return 0
}

func endpoint(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))
}

// start runs a server until the test ends and waits until its ports answer.
func start(t *testing.T, ports []int, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log, err := os.CreateTemp(t.TempDir(), program)
	if err != nil {
		t.Fatal(err)
	}
	said := func() string { b, _ := os.ReadFile(log.Name()); return string(b) }
	cmd := exec.CommandContext(ctx, need(t, program), args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "OPENSSL_CONF=/dev/null")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// openssl s_server ends when its standard input does.
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		cancel()
		_ = in.Close()
		<-ended
		_ = log.Close()
		if t.Failed() {
			t.Logf("%s %s said:\n%.1000s", program, strings.Join(args, " "), said())
		}
	})
	deadline, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, p := range ports {
		for {
			c, err := (&net.Dialer{}).DialContext(deadline, "tcp", endpoint(p).String())
			if err == nil {
				_ = c.Close()
				break
			}
			select {
			case <-ended:
				t.Fatalf("%s %s ended:\n%s", program, strings.Join(args, " "), said())
			case <-deadline.Done():
				t.Fatalf("%s does not listen on %d:\n%s", program, p, said())
			case <-tick.C:
			}
		}
	}
}

// file writes a configuration file.
func file(t *testing.T, dir, name, text string) string {
	t.Helper()
	f := filepath.Join(dir, name)
	if err := os.WriteFile(f, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return f
}

// nginx starts one nginx with a server block per text; it returns their ports.
func nginx(t *testing.T, a *authority, blocks ...string) []int {
	t.Helper()
	dir := t.TempDir()
	var servers strings.Builder
	ports := make([]int, len(blocks))
	for i, b := range blocks {
		ports[i] = freePort(t)
		listen := "ssl"
		if strings.Contains(b, "# http2") {
			listen = "ssl http2"
		}
		fmt.Fprintf(&servers, "server {\n listen 127.0.0.1:%d %s;\n server_name %s;\n ssl_session_cache none;\n%s\n location / { return 200 \"hello\"; }\n}\n", ports[i], listen, serverName, b)
	}
	conf := file(t, dir, "nginx.conf", fmt.Sprintf(`daemon off; master_process off; pid %[1]s/nginx.pid; error_log %[1]s/error.log;
events { worker_connections 512; }
http { access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
%[2]s
}
`, dir, servers.String()))
	start(t, ports, "nginx", "-c", conf, "-p", dir)
	return ports
}

// apache starts one Apache with a virtual host per text; it returns their ports.
func apache(t *testing.T, blocks ...string) []int {
	t.Helper()
	dir := t.TempDir()
	var hosts strings.Builder
	ports := make([]int, len(blocks))
	for i, b := range blocks {
		ports[i] = freePort(t)
		fmt.Fprintf(&hosts, "Listen 127.0.0.1:%d\n<VirtualHost 127.0.0.1:%d>\nServerName %s\nSSLEngine on\n%s\n</VirtualHost>\n", ports[i], ports[i], serverName, b)
	}
	conf := file(t, dir, "apache.conf", fmt.Sprintf(`ServerRoot %[1]s
PidFile %[1]s/apache.pid
ErrorLog %[1]s/error.log
ServerName %[3]s
User nobody
Group nogroup
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
DocumentRoot %[1]s
%[2]s`, dir, hosts.String(), serverName))
	// One process, so that nothing is left when the test itself is killed.
	start(t, ports, "apache2", "-X", "-f", conf)
	return ports
}
