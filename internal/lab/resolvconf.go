package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// resolvConf is where programs read which resolver to ask.
const resolvConf = "/etc/resolv.conf"

// UseResolver makes programs in this mount namespace ask the lab's resolver, by laying a
// file of its own over /etc/resolv.conf, which itself stays as it is. Where there is no
// such file, programs ask the resolver of this machine, which the lab plays as well.
func UseResolver() error {
	over, err := filepath.EvalSymlinks(resolvConf)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("finding %s: %w", resolvConf, err)
	}
	f, err := os.CreateTemp("", "peil-resolv-")
	if err != nil {
		return fmt.Errorf("writing a %s: %w", resolvConf, err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // the mount keeps what it shows
	_, err = fmt.Fprintf(f, "# The lab of Peil: simulated.\nnameserver %s\n", resolverAddr)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("writing a %s: %w", resolvConf, err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keeping mounts to this namespace: %w", err)
	}
	if err := syscall.Mount(f.Name(), over, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("laying a file over %s: %w", resolvConf, err)
	}
	return nil
}

// envInside marks a program that runs in a lab's namespace.
const envInside = "PEIL_LAB"

// Inside reports whether this program was started in a lab's namespace: every address
// that it reaches is simulated.
func Inside() bool { return os.Getenv(envInside) == "simulated" }

// Environ is the environment for a program in the namespace: env without the mark of
// this process, with that of Inside, and, when the lab's certificate is at ca, with what
// makes OpenSSL, curl and Go trust it.
func Environ(env []string, ca string) []string {
	var out []string
	for _, e := range env {
		if e != envNamespace+"=1" {
			out = append(out, e)
		}
	}
	out = append(out, envInside+"=simulated")
	if ca != "" {
		out = append(out, "SSL_CERT_FILE="+ca, "CURL_CA_BUNDLE="+ca)
	}
	return out
}
