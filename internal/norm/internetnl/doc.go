// Package internetnl reads header fields and files the way Internet.nl 1.11 reads them,
// its departures from the standards included: without them a score could not be the
// same as its. Nothing outside the edition internet.nl uses these readings.
//
// All functions are pure and total: any text gives an answer. A header is given as its
// lines in the order received; Internet.nl sees them joined by ", ".
package internetnl

import "strings"

// joined is the value that Internet.nl sees of a header that came in several lines.
func joined(lines []string) string { return strings.Join(lines, ", ") }

// parts splits a joined value at its commas and trims each part.
func parts(v string) []string {
	ps := strings.Split(v, ",")
	for i := range ps {
		ps[i] = strings.TrimSpace(ps[i])
	}
	return ps
}
