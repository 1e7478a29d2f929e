package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// envNamespace marks a process that Namespace started.
const envNamespace = "PEIL_LAB_NAMESPACE"

// InNamespace reports whether this process was started by Namespace: it has a network
// of its own, for a lab with Options.Real.
func InNamespace() bool { return os.Getenv(envNamespace) == "1" }

// Namespace is a command that runs this same program with these arguments in user,
// network and mount namespaces of its own. It needs no privileges where unprivileged user
// namespaces are allowed.
func Namespace(ctx context.Context, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), envNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:                 syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings:                []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings:                []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		GidMappingsEnableSetgroups: false,
	}
	return cmd, nil
}

// ip runs a batch of ip(8).
func ip(ctx context.Context, batch string) error {
	if batch == "" {
		return nil
	}
	path, err := exec.LookPath("ip")
	if err != nil {
		return errors.New("ip(8) is needed to set up the namespace: apt-get install iproute2")
	}
	cmd := exec.CommandContext(ctx, path, "-batch", "-")
	cmd.Stdin = strings.NewReader(batch)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("setting up the namespace: %w: %s", err, firstLine(out.String()))
	}
	return nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}
