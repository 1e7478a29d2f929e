// Package name reads names as people type them, in lists and on the command line, and
// answers what a name is by itself: its form in the DNS, its registrable domain, the
// other of apex and www.
package name
