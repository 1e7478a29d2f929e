package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// What the peer did. These are observations of the peer, not gaps.
var (
	// ErrRefused is an answer: nobody listens on this port (RST on connect, or ICMP
	// port unreachable, which Linux reports alike).
	ErrRefused = errors.New("refused")
	// ErrTimeout is silence for as long as the caller, or Limits.DialTimeout, waited.
	ErrTimeout = errors.New("no answer in time")
	// ErrReset is a connection that the peer broke off.
	ErrReset = errors.New("connection reset by the peer")
)

// What is on our side, or decided by us. Gap gives the reason code of each.
var (
	// ErrUnreachable: no route, or an ICMP error that says so. Which router sent it
	// cannot be told, so it is never held against the peer.
	ErrUnreachable = errors.New("unreachable from here")
	// ErrLocal: this machine could not: descriptors, memory, ports, a local firewall.
	ErrLocal = errors.New("this machine could not")
	// ErrNoFamily: this machine has no IPv4, or no IPv6.
	ErrNoFamily = errors.New("this machine lacks the address family")
	// ErrMute: this machine has a route for the family, and the self-test found that
	// nothing comes back over it. It is an ErrNoFamily whose cause is our network.
	ErrMute = fmt.Errorf("nothing comes back: %w", ErrNoFamily)
	// ErrNotPublic: the address is not a public one, and nobody opened it.
	ErrNotPublic = errors.New("not a public address")
	// ErrUnmapped: the address does not exist in the network map.
	ErrUnmapped = errors.New("not in the network map")
	// ErrExcluded: the operator excludes this name or address.
	ErrExcluded = errors.New("excluded")
	// ErrNoMandate: an intrusive probe that nobody allowed.
	ErrNoMandate = errors.New("no mandate for an intrusive probe")
	// ErrBudget: the subject's budget of connections, bytes or time is used up, or
	// the caller's context ran out while waiting for our own politeness.
	ErrBudget = errors.New("budget used up")
	// ErrCancelled: the caller gave up, or closed the connection itself.
	ErrCancelled = errors.New("cancelled")
)

// gaps has the reason codes, as package fact spells them.
var gaps = []struct {
	err error
	gap string
}{
	{ErrMute, "our_network"},
	{ErrUnreachable, "our_network"},
	{ErrLocal, "our_network"},
	{ErrNotPublic, "not_public"},
	{ErrUnmapped, "unmapped"},
	{ErrExcluded, "excluded"},
	{ErrNoMandate, "no_mandate"},
	{ErrBudget, "budget"},
	{ErrCancelled, "cancelled"},
}

// Gap returns the reason code (a fact.Gap) of an error that is on our side, and ""
// when it is the peer's doing: refused, silent, reset, or an end of file.
func Gap(err error) string {
	if errors.Is(err, ErrNoFamily) && !errors.Is(err, ErrMute) {
		var e *Error
		if errors.As(err, &e) && e.Addr.Addr().Is4() {
			return "no_ipv4"
		}
		return "no_ipv6"
	}
	for _, g := range gaps {
		if errors.Is(err, g.err) {
			return g.gap
		}
	}
	return ""
}

// sentinel returns the sentinel that an error is or wraps.
func sentinel(err error) error {
	for _, k := range [...]error{ErrRefused, ErrTimeout, ErrReset, ErrMute, ErrNoFamily} {
		if errors.Is(err, k) {
			return k
		}
	}
	for _, g := range gaps {
		if errors.Is(err, g.err) {
			return g.err
		}
	}
	return err
}

// Error is what every failure of this package is: what was tried, where, for whom,
// and why it did not work. It is a net.Error.
type Error struct {
	Op   string         // "dial", "read", "write"
	Name string         // the DNS name in question, may be empty
	Addr netip.AddrPort // logical address
	Kind error          // one of the sentinels
	Err  error          // more about it, may be nil
}

// Error says what was tried and why it failed.
func (e *Error) Error() string {
	s := e.Op + " " + e.Addr.String()
	if e.Name != "" {
		s += " for " + e.Name
	}
	switch {
	case e.Err == nil:
		return s + ": " + e.Kind.Error()
	case errors.Is(e.Err, e.Kind): // it names the sentinel itself
		return s + ": " + e.Err.Error()
	}
	return s + ": " + e.Kind.Error() + ": " + e.Err.Error()
}

// Unwrap makes errors.Is find the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Timeout reports whether it is a matter of time (net.Error).
func (e *Error) Timeout() bool { return errors.Is(e.Kind, ErrTimeout) }

// Temporary is part of net.Error; crypto/tls asks it.
func (e *Error) Temporary() bool { return errors.Is(e.Kind, ErrTimeout) }

// classify finds the sentinel of an error of package net.
func classify(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return ErrCancelled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimeout
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			return ErrTimeout
		}
		return ErrLocal
	}
	switch errno {
	case syscall.ECONNREFUSED:
		return ErrRefused
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return ErrReset
	case syscall.ETIMEDOUT:
		return ErrTimeout
	case syscall.EAFNOSUPPORT, syscall.EPFNOSUPPORT:
		return ErrNoFamily
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.ENONET, syscall.EPROTO, syscall.ENOPROTOOPT:
		return ErrUnreachable
	default: // EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EACCES, EPERM, …
		return ErrLocal
	}
}
