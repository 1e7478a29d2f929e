package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dnsIdle is how long a TCP connection to a name server may be idle.
const dnsIdle = 10 * time.Second

// connections keeps what is open, so that Close can end it.
type connections struct {
	mu     sync.Mutex
	open   map[net.Conn]struct{} // guarded by mu
	closed bool                  // guarded by mu
	wg     sync.WaitGroup
}

// add takes a connection in; it reports false when the lab is closing.
func (c *connections) add(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if c.open == nil {
		c.open = map[net.Conn]struct{}{}
	}
	c.open[conn] = struct{}{}
	c.wg.Add(1)
	return true
}

func (c *connections) remove(conn net.Conn) {
	_ = conn.Close()
	c.mu.Lock()
	delete(c.open, conn)
	c.mu.Unlock()
	c.wg.Done()
}

func (c *connections) closeAll() {
	c.mu.Lock()
	c.closed = true
	for conn := range c.open {
		_ = conn.Close()
	}
	c.mu.Unlock()
	c.wg.Wait()
}

// accept takes connections until the listener is closed, each in a goroutine of its
// own that closeAll waits for.
func (c *connections) accept(l net.Listener, serve func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ECONNABORTED) {
				time.Sleep(5 * time.Millisecond) // out of descriptors: some will close
				continue
			}
			return
		}
		if !c.add(conn) {
			_ = conn.Close()
			return
		}
		go func() {
			defer c.remove(conn)
			serve(conn)
		}()
	}
}

// serveDNS answers the messages of one connection (RFC 7766).
func serveDNS(conn net.Conn, local netip.Addr, answer func(buf, query []byte, local netip.Addr) []byte) {
	in, out := make([]byte, 4096), make([]byte, 2, 4096)
	for {
		if conn.SetDeadline(time.Now().Add(dnsIdle)) != nil {
			return
		}
		if _, err := io.ReadFull(conn, in[:2]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(in))
		if n > len(in) { // no query is that long
			return
		}
		if _, err := io.ReadFull(conn, in[:n]); err != nil {
			return
		}
		reply := answer(out[:2], in[:n], local)
		if reply == nil {
			return
		}
		binary.BigEndian.PutUint16(reply, uint16(len(reply)-2))
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

// delayedConn makes each exchange last a round trip longer: an answer leaves no
// earlier than one delay after the question came in, the first one two delays after
// the connection was made (the kernel makes connections at once).
type delayedConn struct {
	net.Conn
	delay time.Duration

	mu    sync.Mutex
	ready time.Time // when the next write may leave; guarded by mu
}

func newDelayedConn(c net.Conn, delay time.Duration) *delayedConn {
	return &delayedConn{Conn: c, delay: delay, ready: time.Now().Add(2 * delay)}
}

func (d *delayedConn) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if n > 0 {
		d.mu.Lock()
		if t := time.Now().Add(d.delay); t.After(d.ready) {
			d.ready = t
		}
		d.mu.Unlock()
	}
	return n, err
}

func (d *delayedConn) Write(b []byte) (int, error) {
	d.mu.Lock()
	wait := time.Until(d.ready)
	d.mu.Unlock()
	if wait > 0 {
		time.Sleep(wait)
	}
	return d.Conn.Write(b)
}

// deadPorts are two ports where nothing answers: one refuses, one is silent.
type deadPorts struct {
	refused, silent uint16
	fds             []int
}

// openDeadPorts makes them: a socket that is bound but does not listen refuses TCP,
// and since there is no UDP socket, UDP too; one whose accept queue is full drops
// every further SYN, and a UDP socket that nobody reads takes datagrams in silence.
func openDeadPorts() (*deadPorts, error) {
	d := &deadPorts{}
	fd, port, err := bound(unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("making a port that refuses: %w", err)
	}
	d.fds, d.refused = append(d.fds, fd), port
	for range 10 { // until the same number is free for UDP
		if err = d.silence(); err == nil {
			return d, nil
		}
	}
	d.close()
	return nil, fmt.Errorf("making a port that is silent: %w", err)
}

// silence makes the silent port.
func (d *deadPorts) silence() error {
	tcp, port, err := bound(unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	d.fds = append(d.fds, tcp)
	udp, _, err := bound(unix.SOCK_DGRAM, port)
	if err != nil {
		return err
	}
	d.fds = append(d.fds, udp)
	if err := unix.Listen(tcp, 0); err != nil {
		return err
	}
	for range 3 { // fill the queue
		c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		d.fds = append(d.fds, c)
		_ = unix.Connect(c, &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}}) // in progress
	}
	d.silent = port
	return nil
}

func (d *deadPorts) close() {
	for _, fd := range d.fds {
		_ = unix.Close(fd)
	}
}

func bound(kind int, port uint16) (fd int, got uint16, err error) {
	fd, err = unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Port: int(port)}); err == nil {
		var sa unix.Sockaddr
		if sa, err = unix.Getsockname(fd); err == nil {
			return fd, uint16(sa.(*unix.SockaddrInet4).Port), nil
		}
	}
	_ = unix.Close(fd)
	return 0, 0, err
}

// listenTCP opens one wildcard socket; it takes only what arrives by that device when one
// is named.
func listenTCP(ctx context.Context, at netip.AddrPort, device string) (net.Listener, error) {
	return listenWith(ctx, at, socketOptions(socketKind{device: device}))
}

func listenWith(ctx context.Context, at netip.AddrPort, control func(string, string, syscall.RawConn) error) (net.Listener, error) {
	network := "tcp4"
	if at.Addr().Is6() {
		network = "tcp6"
	}
	l, err := (&net.ListenConfig{Control: control}).Listen(ctx, network, at.String())
	if err != nil {
		return nil, fmt.Errorf("opening the socket at %s: %w", at, err)
	}
	return l, nil
}

// socketKind is what is special about a socket.
type socketKind struct {
	device string // takes only what arrives by it
	one    bool   // of one address, beside the wildcard socket of the same port
	mute   bool   // drops whatever it gets, as behind a firewall (socket(7), SO_ATTACH_FILTER)
}

// socketOptions prepares a socket.
func socketOptions(k socketKind) func(string, string, syscall.RawConn) error {
	return func(network, _ string, raw syscall.RawConn) error {
		var err error
		set := func(fd uintptr) {
			if k.device != "" {
				if err = unix.BindToDevice(int(fd), k.device); err != nil {
					return
				}
			}
			if k.device != "" || k.one { // or the kernel sees a conflict between the two
				if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
					return
				}
			}
			if network == "tcp6" || network == "udp6" { // no address is assigned, a route makes it ours
				if err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1); err != nil {
					return
				}
			}
			if k.mute {
				none := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}
				err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &none[0]})
			}
		}
		if cerr := raw.Control(set); cerr != nil {
			return cerr
		}
		return err
	}
}
