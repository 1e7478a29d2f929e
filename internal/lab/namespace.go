package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
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

// prepareNamespace makes every address lead to this machine: a local route for all of
// IPv4 and IPv6 on the loopback device. Sites and name servers that are dead get no
// such route: silent ones lead to a device that swallows, refused ones nowhere.
func (n *network) prepareNamespace(ctx context.Context) error {
	var batch strings.Builder
	batch.WriteString("link set lo up\n" +
		"route replace local 0.0.0.0/0 dev lo\n" +
		"route replace local ::/0 dev lo\n")
	if err := ip(ctx, batch.String()); err != nil {
		return err
	}
	batch.Reset()
	_, err := net.InterfaceByName("hole")
	hole := err == nil // an earlier lab in this namespace made it
	for _, a := range n.order {
		state := n.addrs[a].wholeState()
		switch state {
		case Refused, Unmapped:
			fmt.Fprintf(&batch, "route replace unreachable %s table local\n", netip.PrefixFrom(a, a.BitLen()))
		case Silent:
			if !hole {
				hole = true
				// A bridge without ports that asks for no neighbours swallows what it is given.
				if err := ip(ctx, "link add hole type bridge\nlink set hole arp off up\n"); err != nil {
					return err
				}
			}
			fmt.Fprintf(&batch, "route replace %s dev hole table local\n", netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return ip(ctx, batch.String())
}

// wholeState is Open when any port of the address is open, else what all are. In a
// namespace one socket listens for all addresses, so a single dead port beside an open one
// cannot be played; the network map can.
func (a *address) wholeState() Port {
	states := []Port{}
	if a.host != nil {
		states = append(states, a.dns)
	}
	if a.site != "" {
		states = append(states, a.port80, a.port443)
	}
	if len(states) == 0 || slices.Contains(states, Open) {
		return Open
	}
	return states[0]
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
