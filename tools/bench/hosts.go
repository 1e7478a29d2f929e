package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"peil/internal/egress"
)

const hostName = "www.example.nl"

// hosts is one nginx with many addresses, each with TLS settings of its own.
type hosts struct {
	*background
	addrs  []netip.AddrPort
	status netip.AddrPort // where nginx tells how many connections it took
	door   *egress.Egress
}

// The kinds of hosts. Of eight, one speaks TLS 1.3 alone, one everything that this
// OpenSSL can be brought to, and the rest is usual.
var kinds = [8]string{
	`ssl_protocols TLSv1.3; {ecdsa}`,
	`ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:COMPLEMENTOFALL:!PSK:!SRP:@SECLEVEL=0; {rsa} {ecdsa} {dh}
		ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256;`,
	intermediate + `{ecdsa}`,
	`ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers HIGH:!aNULL:!MD5; {rsa}`,
	intermediate + `{rsa}`,
	`ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256; ssl_prefer_server_ciphers on; {rsa}`,
	intermediate + `{rsa} {ecdsa}`,
	`ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers EECDH+AESGCM:EDH+AESGCM:EECDH+AES256; ssl_prefer_server_ciphers on; {rsa} {dh}`,
}

// intermediate is what Mozilla's generator of configurations gives under that name.
const intermediate = `ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305; `

// startHosts starts nginx with n hosts on loopback addresses in networks of four.
func startHosts(ctx context.Context, dir string, n int) (*hosts, error) {
	program, err := find("nginx")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // nginx sheds its privileges and reads here
		return nil, err
	}
	words, err := material(ctx, dir)
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	h := &hosts{status: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)}
	var b strings.Builder
	fmt.Fprintf(&b, "daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log crit;\nevents { worker_connections 4096; }\nhttp {\naccess_log off; server_names_hash_bucket_size 128;\n", dir)
	for _, t := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&b, "%s_temp_path %s/%s;\n", t, dir, t)
	}
	fmt.Fprintf(&b, "server { listen %s; location / { stub_status; } }\n", h.status)
	for i := range n {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 16 + byte(i/4>>8), byte(i / 4), byte(10 * (1 + i%4))}), port)
		h.addrs = append(h.addrs, a)
		fmt.Fprintf(&b, "server { listen %s ssl; server_name %s; %s location / { return 200 ok; } }\n", a, hostName, words.Replace(kinds[i%len(kinds)]))
	}
	b.WriteString("}\n")
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(b.String()), 0o600); err != nil {
		return nil, err
	}
	h.door, err = egress.New(egress.Config{Named: []netip.AddrPort{h.status}})
	if err != nil {
		return nil, err
	}
	if h.background, err = start(ctx, "", program, "-p", dir, "-c", conf); err != nil {
		return nil, err
	}
	for range 100 {
		if _, err = h.connections(ctx); err == nil {
			return h, nil
		}
		select {
		case <-h.ended:
			return nil, fmt.Errorf("nginx ended: %w\n%s", h.err, h.stderr.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
	h.stop()
	return nil, fmt.Errorf("nginx does not answer: %w", err)
}

// connections is how many connections nginx has accepted so far, this one left out.
func (h *hosts) connections(ctx context.Context) (int, error) {
	c, err := h.door.Unmetered("").DialTCP(ctx, h.status)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprint(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return 0, err
	}
	s := bufio.NewScanner(c)
	for s.Scan() {
		if strings.HasPrefix(s.Text(), "server accepts") && s.Scan() {
			n, err := strconv.Atoi(strings.Fields(s.Text() + " x")[0])
			return n - 1, err
		}
	}
	return 0, errors.Join(errors.New("nginx tells no numbers"), s.Err())
}

// freePort finds a port that is free on every loopback address.
func freePort(ctx context.Context) (uint16, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", "0.0.0.0:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port(), nil
}

// material writes certificates and Diffie-Hellman parameters and returns what puts
// them into a server's settings.
func material(ctx context.Context, dir string) (*strings.Replacer, error) {
	write := func(name, kind string, der []byte) (string, error) {
		file := filepath.Join(dir, name)
		return file, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	}
	pair := func(name string, key crypto.Signer) (string, error) {
		t := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: hostName}, DNSNames: []string{hostName},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
		if err != nil {
			return "", err
		}
		cert, err := write(name+".crt", "CERTIFICATE", der)
		if err != nil {
			return "", err
		}
		der, err = x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return "", err
		}
		file, err := write(name+".key", "PRIVATE KEY", der)
		return fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s;", cert, file), err
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	rsaPair, err := pair("rsa", rsaKey)
	if err != nil {
		return nil, err
	}
	ecPair, err := pair("ecdsa", ecKey)
	if err != nil {
		return nil, err
	}
	dh := filepath.Join(dir, "dh.pem")
	openssl, err := find("openssl")
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, openssl, "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", dh).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("openssl genpkey: %w\n%s", err, out)
	}
	return strings.NewReplacer("{rsa}", rsaPair, "{ecdsa}", ecPair, "{dh}", "ssl_dhparam "+dh+";"), nil
}

// find looks for a program where Debian puts them.
func find(name string) (string, error) {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is not installed; make programs installs what is needed", name)
}
