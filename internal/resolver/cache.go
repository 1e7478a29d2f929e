package resolver

import (
	"sync"
	"time"
)

// cache holds what was learned until it expires, bounded by weight: the entry that
// was used longest ago goes first.
type cache[K comparable, V any] struct {
	mu      sync.Mutex
	max     int
	used    int
	entries map[K]*entry[K, V]
	head    entry[K, V] // ring: head.next was used last, head.prev longest ago
}

type entry[K comparable, V any] struct {
	key        K
	value      V
	weight     int
	expires    time.Time
	prev, next *entry[K, V]
}

func newCache[K comparable, V any](maxWeight int) *cache[K, V] {
	c := &cache[K, V]{max: maxWeight, entries: map[K]*entry[K, V]{}}
	c.head.prev, c.head.next = &c.head, &c.head
	return c
}

func (c *cache[K, V]) get(k K, now time.Time) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[k]
	if e == nil {
		return v, false
	}
	if !now.Before(e.expires) {
		c.drop(e)
		return v, false
	}
	e.unlink()
	c.push(e)
	return e.value, true
}

func (c *cache[K, V]) put(k K, v V, weight int, expires time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[k]; e != nil {
		c.drop(e)
	}
	if weight > c.max {
		return
	}
	e := &entry[K, V]{key: k, value: v, weight: weight, expires: expires}
	c.entries[k] = e
	c.push(e)
	for c.used += weight; c.used > c.max; {
		c.drop(c.head.prev)
	}
}

func (c *cache[K, V]) remove(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[k]; e != nil {
		c.drop(e)
	}
}

func (c *cache[K, V]) drop(e *entry[K, V]) {
	e.unlink()
	delete(c.entries, e.key)
	c.used -= e.weight
}

func (c *cache[K, V]) push(e *entry[K, V]) {
	e.prev, e.next = &c.head, c.head.next
	e.prev.next, e.next.prev = e, e
}

func (e *entry[K, V]) unlink() { e.prev.next, e.next.prev = e.next, e.prev }
