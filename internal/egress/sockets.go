package egress

import (
	"context"
	"sync"
)

// sockets bounds how many sockets are open at a time. A connection that its owner keeps
// for later, without talking on it, is parked: it is closed as soon as somebody waits for
// a socket. Else those who hold one that they need later, and now wait for another, would
// all wait for each other.
type sockets struct {
	slots chan struct{} // one per open socket

	mu      sync.Mutex
	waiting int                // who waits for a slot; guarded by mu
	parked  map[*Conn]struct{} // guarded by mu
}

func newSockets(n int) *sockets {
	return &sockets{slots: make(chan struct{}, n), parked: map[*Conn]struct{}{}}
}

// take waits for a slot. Nil sockets are without limit.
func (s *sockets) take(ctx context.Context) error {
	if s == nil {
		return nil
	}
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	s.mu.Lock()
	s.waiting++
	var spare *Conn
	for spare = range s.parked {
		delete(s.parked, spare)
		break
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.waiting--
		s.mu.Unlock()
	}()
	if spare != nil {
		_ = spare.Close()
	}
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return waitError(ctx)
	}
}

// give gives a slot back.
func (s *sockets) give() {
	if s != nil {
		<-s.slots
	}
}

// park keeps a connection for its owner until somebody waits for a socket, which may be
// at once.
func (s *sockets) park(c *Conn) {
	if s == nil {
		return
	}
	s.mu.Lock()
	crowded := s.waiting > 0
	if !crowded {
		s.parked[c] = struct{}{}
	}
	s.mu.Unlock()
	if crowded {
		_ = c.Close()
	}
}

// unpark takes a connection out of those that may be closed for others, and reports
// whether it was still among them.
func (s *sockets) unpark(c *Conn) bool {
	if s == nil {
		return !c.closed.Load()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, still := s.parked[c]
	delete(s.parked, c)
	return still
}
