package internetnl

import (
	"fmt"
	"strings"
)

// Escape writes a TXT record as Internet.nl sees it: as in a zone file, where a quote, a
// backslash and whatever is not printable ASCII are escaped (RFC 1035 section 5.1). Only
// the space is left as white space.
func Escape(txt string) string {
	plain := func(c byte) bool { return c >= ' ' && c < 0x7f && c != '"' && c != '\\' }
	i := 0
	for i < len(txt) && plain(txt[i]) {
		i++
	}
	if i == len(txt) {
		return txt
	}
	var b strings.Builder
	for i := range len(txt) {
		switch c := txt[i]; {
		case plain(c):
			b.WriteByte(c)
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "\\%03d", c)
		}
	}
	return b.String()
}
