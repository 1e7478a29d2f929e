package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// udpSocket is the one socket that all name servers of a family share. Packet
// information (ip(7), IP_PKTINFO) tells which address was asked, and makes the reply
// leave from it.
type udpSocket struct {
	conn *net.UDPConn
	six  bool
}

// udpReaders is how many goroutines read one socket.
const udpReaders = 2

// listenUDP opens it; only what arrives by that device when one is named.
func listenUDP(ctx context.Context, at netip.AddrPort, device string) (*udpSocket, error) {
	network, six := "udp4", at.Addr().Is6()
	if six {
		network = "udp6"
	}
	packets, err := (&net.ListenConfig{Control: socketOptions(socketKind{device: device})}).ListenPacket(ctx, network, at.String())
	conn, ok := packets.(*net.UDPConn)
	if err == nil && !ok {
		err = errors.New("no UDP socket")
	}
	if err != nil {
		return nil, fmt.Errorf("opening the UDP socket of the name servers at %s: %w", at, err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		var inner error
		err = raw.Control(func(fd uintptr) {
			if six {
				inner = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
			} else {
				inner = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
			}
		})
		if err == nil {
			err = inner
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("asking for packet information: %w", err)
	}
	_ = conn.SetReadBuffer(4 << 20) // as much as the kernel allows
	return &udpSocket{conn, six}, nil
}

// serve reads queries until the socket is closed. answer appends its answer to buf.
func (u *udpSocket) serve(delay time.Duration, answer func(buf, query []byte, local netip.Addr) []byte) {
	in, oob := make([]byte, 4096), make([]byte, 128)
	out := make([]byte, 0, 65536)
	for {
		n, oobn, _, from, err := u.conn.ReadMsgUDPAddrPort(in, oob)
		if err != nil {
			if errors.Is(err, syscall.ECONNREFUSED) { // an asker that went away before an answer
				continue
			}
			return
		}
		local, ok := u.local(oob[:oobn])
		if !ok {
			continue
		}
		reply := answer(out[:0], in[:n], local)
		if reply == nil {
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if delay > 0 {
			late := append([]byte(nil), reply...)
			time.AfterFunc(delay, func() { u.send(late, local, from) })
			continue
		}
		u.send(reply, local, from)
	}
}

// send sends from the address that was asked. An error means that the asker is gone.
func (u *udpSocket) send(b []byte, local netip.Addr, to netip.AddrPort) {
	_, _, _ = u.conn.WriteMsgUDPAddrPort(b, u.control(local), to)
}

const cmsgHeader = int(unsafe.Sizeof(unix.Cmsghdr{}))

// local reads the destination address out of the control message.
func (u *udpSocket) local(oob []byte) (netip.Addr, bool) {
	for len(oob) >= cmsgHeader {
		size := int(cmsgLen(oob))
		if size < cmsgHeader || size > len(oob) {
			break
		}
		level := int(int32(binary.NativeEndian.Uint32(oob[cmsgHeader-8:])))
		kind := int(int32(binary.NativeEndian.Uint32(oob[cmsgHeader-4:])))
		data := oob[cmsgHeader:size]
		switch {
		case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO && len(data) >= 12:
			return netip.AddrFrom4([4]byte(data[8:12])), true
		case level == unix.IPPROTO_IPV6 && kind == unix.IPV6_PKTINFO && len(data) >= 20:
			return netip.AddrFrom16([16]byte(data[:16])).Unmap(), true
		}
		next := (size + 7) &^ 7
		if next > len(oob) {
			break
		}
		oob = oob[next:]
	}
	return netip.Addr{}, false
}

func cmsgLen(b []byte) uint64 {
	if unsafe.Sizeof(unix.Cmsghdr{}.Len) == 8 {
		return binary.NativeEndian.Uint64(b)
	}
	return uint64(binary.NativeEndian.Uint32(b))
}

// control makes the control message that sets the source address.
func (u *udpSocket) control(local netip.Addr) []byte {
	size := 12
	level, kind := unix.IPPROTO_IP, unix.IP_PKTINFO
	if u.six {
		size, level, kind = 20, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO
	}
	b := make([]byte, (cmsgHeader+size+7)&^7)
	if cmsgHeader == 16 {
		binary.NativeEndian.PutUint64(b, uint64(cmsgHeader+size))
	} else {
		binary.NativeEndian.PutUint32(b, uint32(cmsgHeader+size))
	}
	binary.NativeEndian.PutUint32(b[cmsgHeader-8:], uint32(level))
	binary.NativeEndian.PutUint32(b[cmsgHeader-4:], uint32(kind))
	if u.six {
		a := local.As16()
		copy(b[cmsgHeader:], a[:])
	} else {
		a := local.As4()
		copy(b[cmsgHeader+4:], a[:])
	}
	return b
}
