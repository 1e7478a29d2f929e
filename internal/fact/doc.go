// Package fact holds what probes observed: plain data, no judgement.
//
// A Measurement is everything that one run saw of one target. It is made of
// subjects (a record set, a zone, a name server, the TLS of one endpoint, a
// certificate chain, the HTTP answers of one address, the routes of an address),
// each of which is stored by the hash of what stays the same when nothing has
// changed. A field that changes by itself (a time, a duration, a counter, a TTL,
// a cookie value, a signature's dates, a body's hash) carries the tag
// `peil:"volatile"`: Split keeps it out of the hash, Join puts it back.
//
// Two rules hold everywhere in this package:
//
//   - The zero value of an observation is "not measured". A Gap says why.
//   - Lists are sorted unless their order was observed and means something.
package fact

// Schema is the version of the form of these types. It goes up when a stored
// measurement could no longer be read as it was meant.
const Schema = 1
