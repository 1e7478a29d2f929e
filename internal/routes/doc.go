// Package routes answers, for an address, which announcements of the internet's
// routing cover it, and what the RPKI says of each (route origin validation, RFC 6811).
//
// Two tables hold what is known: validated ROA payloads (VRPs), which say which AS may
// announce which prefix, and announcements as the route collectors of RIPE RIS saw
// them. Both come from files (VRP JSON as rpki-client and Routinator write it, RIS
// whois dumps, CSV); VRPs also from an RTR cache (RFC 8210) over a connection that
// the caller makes.
//
// A table is one sorted array of records in which each record points to the one that
// covers it most closely. All that cover an address are then found by one binary
// search and a few steps upward. The array is the file: a table of a million records
// is mapped into memory and never parsed, so that opening it costs microseconds and
// only the pages that are looked at take memory.
package routes
