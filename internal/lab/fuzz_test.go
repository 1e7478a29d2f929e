package lab

import (
	"io"
	"net"
	"strings"
	"testing"
)

// FuzzRTR holds that a router's bytes never make the cache panic or wait for ever.
func FuzzRTR(f *testing.F) {
	for _, seed := range []string{
		"\x01\x02\x00\x00\x00\x00\x00\x08", "\x00\x02\x00\x00\x00\x00\x00\x08",
		"\x01\x01\x12\x67\x00\x00\x00\x0c\x00\x00\x00\x01", "\x02\x02\x00\x00\x00\x00\x00\x08",
		"\x01\x02\x00\x00\xff\xff\xff\xff", "\x01\x0a\x00\x00\x00\x00\x00\x10", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		router, cache := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			serveRTR(cache, vrps()[:2])
			_ = cache.Close()
		}()
		go func() { _, _ = io.Copy(io.Discard, router) }()
		_, _ = router.Write(b) // the cache may hang up first
		_ = router.Close()
		<-done
	})
}

// FuzzReadSites holds that no list of sites makes reading panic, and that what is read
// has municipalities that exist.
func FuzzReadSites(f *testing.F) {
	head := strings.Join(sitesHeader, ",") + "\n"
	f.Add(head + "www.utrecht.test,GM0344,Utrecht,yes,hsts-absent v6-none\n")
	f.Add(head + "www.utrecht.test,GM9999,Utrecht,yes,\n")
	f.Add(head + "a,b\n")
	f.Add("\"")
	towns, err := Municipalities()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := &Country{Municipalities: towns}
		if c.readSites(strings.NewReader(text)) != nil || c.index() != nil {
			return
		}
		for i := range c.Sites {
			if int(c.Sites[i].Owner) >= len(towns) || c.site(c.Sites[i].Name) == nil {
				t.Errorf("%+v", c.Sites[i])
			}
		}
	})
}
