package lab

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"
)

// The PDUs of the RPKI-to-router protocol (RFC 8210 section 5).
const (
	rtrSerialQuery   = 1
	rtrResetQuery    = 2
	rtrCacheResponse = 3
	rtrIPv4Prefix    = 4
	rtrIPv6Prefix    = 6
	rtrEndOfData     = 7
	rtrErrorReport   = 10

	rtrSession = 4711
	rtrSerial  = 1
)

// listenRTR plays an RPKI cache.
func (r *Running) listenRTR(ctx context.Context, at netip.AddrPort) error {
	l, err := listenTCP(ctx, at, "")
	if err != nil {
		return err
	}
	r.RTR = netip.AddrPortFrom(at.Addr(), portOf(l))
	r.serveTCP(l, func(c net.Conn) { serveRTR(c, vrps()) })
	return nil
}

// serveRTR answers one router. Nothing ever changes, so a serial query that knows our
// serial gets an empty update, and a notify is never sent.
func serveRTR(c net.Conn, vs []VRP) {
	var head [8]byte
	for {
		if c.SetDeadline(time.Now().Add(time.Minute)) != nil {
			return
		}
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		version, kind, size := head[0], head[1], binary.BigEndian.Uint32(head[4:])
		if version > 1 || size < 8 || size > 64 {
			_, _ = c.Write(rtrError(min(version, 1), 4, head[:])) // unsupported protocol version
			return
		}
		body := make([]byte, size-8)
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		var out []byte
		switch kind {
		case rtrResetQuery:
			out = rtrData(version, vs)
		case rtrSerialQuery:
			known := binary.BigEndian.Uint16(head[2:]) == rtrSession && len(body) == 4 && binary.BigEndian.Uint32(body) == rtrSerial
			if known {
				out = rtrData(version, nil)
			} else {
				out = rtrPDU(version, 8, 0, nil) // cache reset
			}
		case rtrErrorReport:
			return
		default:
			out = rtrError(version, 5, head[:]) // unsupported PDU type
		}
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

func rtrPDU(version, kind byte, session uint16, body []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{version, kind}, session)
	b = binary.BigEndian.AppendUint32(b, uint32(8+len(body)))
	return append(b, body...)
}

func rtrData(version byte, vs []VRP) []byte {
	out := rtrPDU(version, rtrCacheResponse, rtrSession, nil)
	for _, v := range vs {
		kind := byte(rtrIPv4Prefix)
		if v.Prefix.Addr().Is6() {
			kind = rtrIPv6Prefix
		}
		body := []byte{1, byte(v.Prefix.Bits()), byte(v.MaxLength), 0} // announcement
		body = append(body, v.Prefix.Addr().AsSlice()...)
		out = append(out, rtrPDU(version, kind, 0, binary.BigEndian.AppendUint32(body, v.Origin))...)
	}
	end := binary.BigEndian.AppendUint32(nil, rtrSerial)
	if version == 1 { // refresh, retry and expire interval
		for _, s := range []uint32{3600, 600, 7200} {
			end = binary.BigEndian.AppendUint32(end, s)
		}
	}
	return append(out, rtrPDU(version, rtrEndOfData, rtrSession, end)...)
}

func rtrError(version byte, code uint16, pdu []byte) []byte {
	body := binary.BigEndian.AppendUint32(nil, uint32(len(pdu)))
	body = append(body, pdu...)
	return rtrPDU(version, rtrErrorReport, code, binary.BigEndian.AppendUint32(body, 0))
}
