package routes

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// minPeers is how many peers of RIPE RIS must see an announcement for it to count
// (catalogue B.12).
const minPeers = 10

// maxText bounds what is read of one file, after decompression: several times what
// the largest of them has.
const maxText = 2 << 30

// maxPiece bounds one record of a JSON file, which the decoder holds in memory.
const maxPiece = 1 << 20

// maxRouteLine bounds a line of a route file. A set of ASes may be long.
const maxRouteLine = 4096

// Report is what reading a file came to.
type Report struct {
	Records  int   // taken
	FewPeers int   // announcements that fewer than 10 peers see, dropped
	Defaults int   // default routes, which announce nobody's addresses, dropped
	Wrong    int   // records that could not be understood, dropped
	First    error // about the first wrong one
}

func (r *Report) wrong(err error) {
	if r.Wrong++; r.First == nil {
		r.First = err
	}
}

// usable refuses a file of which more than one record in a hundred is wrong, or which
// holds nothing: that is another kind of file, or half of one.
func (r *Report) usable() error {
	switch {
	case r.Records == 0 && r.First != nil:
		return fmt.Errorf("nothing usable in it: %w", r.First)
	case r.Wrong*100 > r.Records:
		return fmt.Errorf("%d of %d records are wrong, the first: %w", r.Wrong, r.Wrong+r.Records, r.First)
	}
	return nil
}

// decompress reads gzip when the first bytes say so, and bounds what comes out.
func decompress(r io.Reader) (*bounded, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if m, _ := b.Peek(2); bytes.Equal(m, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		return &bounded{r: z, left: maxText, piece: maxText}, nil
	}
	return &bounded{r: b, left: maxText, piece: maxText}, nil
}

// bounded fails after a number of bytes, where io.LimitReader would end as if the
// file were whole. piece bounds what is read for one record.
type bounded struct {
	r           io.Reader
	left, piece int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("longer than %d bytes", int64(maxText))
	}
	if b.piece <= 0 {
		return 0, fmt.Errorf("a record is longer than %d bytes", maxPiece)
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	b.piece -= int64(n)
	return n, err
}

// ReadVRPs reads VRPs from JSON, {"roas":[{"asn":64500,"prefix":"192.0.2.0/24",
// "maxLength":24,"ta":"ripe"}]} with asn as a number or as "AS64500", plain or
// gzipped, record by record. The date is that which the file gives in its meta data,
// or else zero.
func ReadVRPs(r io.Reader, b *VRPBuilder) (date time.Time, rep Report, err error) {
	in, err := decompress(r)
	if err != nil {
		return date, rep, err
	}
	d := json.NewDecoder(in)
	if err := delim(d, '{'); err != nil {
		return date, rep, err
	}
	found := false
	for in.piece = maxPiece; d.More(); in.piece = maxPiece {
		key, err := d.Token()
		if err != nil {
			return date, rep, err
		}
		switch key {
		case "roas":
			found = true
			err = readROAs(in, d, b, &rep)
		case "metadata":
			date, err = readMetadata(d)
		default:
			err = skip(in, d)
		}
		if err != nil {
			return date, rep, err
		}
	}
	if err := delim(d, '}'); err != nil {
		return date, rep, err
	}
	in.piece = maxPiece
	switch _, err := d.Token(); { // to the end, where a download that broke off shows itself
	case err == nil:
		return date, rep, errors.New("something follows the VRPs")
	case !errors.Is(err, io.EOF):
		return date, rep, err
	}
	if !found {
		return date, rep, errors.New(`no "roas" in it: not a VRP file`)
	}
	return date, rep, rep.usable()
}

// roa is one record as rpki-client, Routinator, OctoRPKI and the RIPE validator
// write it.
type roa struct {
	ASN       asn    `json:"asn"`
	Prefix    string `json:"prefix"`
	MaxLength *int   `json:"maxLength"`
	TA        string `json:"ta"`
}

// asn is an AS number, as number or as text with or without AS before it.
type asn struct {
	number uint32
	set    bool
}

// UnmarshalJSON reads either form.
func (a *asn) UnmarshalJSON(b []byte) error {
	n, err := parseASN(strings.Trim(string(b), `"`))
	*a = asn{n, err == nil}
	return err
}

var errASN = errors.New("not an AS number")

func parseASN(s string) (uint32, error) {
	if len(s) > 2 && strings.EqualFold(s[:2], "AS") {
		s = s[2:]
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%w: %.20q", errASN, s)
	}
	return uint32(n), nil
}

func readROAs(in *bounded, d *json.Decoder, b *VRPBuilder, rep *Report) error {
	if err := delim(d, '['); err != nil {
		return err
	}
	for d.More() {
		in.piece = maxPiece
		var o roa
		if err := d.Decode(&o); err != nil {
			var kind *json.UnmarshalTypeError
			if !errors.As(err, &kind) && !errors.Is(err, errASN) {
				return err // the file ends, or is no JSON from here on
			}
			rep.wrong(err)
			continue
		}
		v, err := o.vrp()
		if err == nil {
			err = b.Add(v)
		}
		switch {
		case errors.Is(err, errTooMany):
			return err
		case err != nil:
			rep.wrong(err)
		default:
			rep.Records++
		}
	}
	return delim(d, ']')
}

func (o roa) vrp() (VRP, error) {
	p, err := netip.ParsePrefix(o.Prefix)
	if err != nil {
		return VRP{}, fmt.Errorf("prefix %.50q", o.Prefix)
	}
	if !o.ASN.set {
		return VRP{}, fmt.Errorf("%s without asn", p)
	}
	v := VRP{Prefix: p, MaxLength: p.Bits(), Origin: o.ASN.number, TA: o.TA}
	if o.MaxLength != nil { // without it the prefix itself (RFC 9582 section 4.3.2.2)
		v.MaxLength = *o.MaxLength
	}
	return v, nil
}

// readMetadata finds when the file was made: rpki-client gives "buildtime",
// Routinator "generatedTime" and "generated".
func readMetadata(d *json.Decoder) (time.Time, error) {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return time.Time{}, err
	}
	var m struct {
		Buildtime     time.Time `json:"buildtime"`
		GeneratedTime time.Time `json:"generatedTime"`
	}
	if json.Unmarshal(raw, &m) == nil {
		if !m.Buildtime.IsZero() {
			return m.Buildtime.UTC(), nil
		}
		if !m.GeneratedTime.IsZero() {
			return m.GeneratedTime.UTC(), nil
		}
	}
	var n struct {
		Generated int64 `json:"generated"`
	}
	if json.Unmarshal(raw, &n) == nil && n.Generated > 0 {
		return time.Unix(n.Generated, 0).UTC(), nil
	}
	return time.Time{}, nil
}

func delim(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("found %.20v where %v is expected: not a VRP file", t, want)
	}
	return nil
}

// skip passes over a value without keeping it.
func skip(in *bounded, d *json.Decoder) error {
	for depth := 0; ; {
		in.piece = maxPiece
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth <= 0 {
			return nil
		}
	}
}

// ReadRoutes reads announcements, plain or gzipped: lines "prefix,origin", or those of
// a RIS whois dump, "origin TAB prefix TAB peers", of which only those count that ten
// peers or more see. Lines that begin with # or % are comments. An origin that is a
// set of ASes, {64500,64501}, becomes NONE (RFC 6811 section 2). Several files may be
// read into one builder: RIS has one per address family.
func ReadRoutes(r io.Reader, b *RouteBuilder) (Report, error) {
	var rep Report
	in, err := decompress(r)
	if err != nil {
		return rep, err
	}
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 0, maxRouteLine), maxRouteLine)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' || line[0] == '%' || (n == 1 && line == "prefix,origin") {
			continue
		}
		a, peers, err := parseRoute(line)
		switch {
		case err != nil:
		case peers < minPeers:
			rep.FewPeers++
			continue
		case a.Prefix.Bits() == 0:
			rep.Defaults++
			continue
		default:
			err = b.Add(a)
		}
		switch {
		case errors.Is(err, errTooMany):
			return rep, err
		case err != nil:
			rep.wrong(fmt.Errorf("line %d: %w", n, err))
		default:
			rep.Records++
		}
	}
	if err := s.Err(); errors.Is(err, bufio.ErrTooLong) {
		return rep, fmt.Errorf("a line is too long: more than %d bytes", maxRouteLine)
	} else if err != nil {
		return rep, err
	}
	return rep, rep.usable()
}

// parseRoute reads a line of either form.
func parseRoute(line string) (a Announcement, peers int, err error) {
	var origin, prefix string
	if o, rest, tab := strings.Cut(line, "\t"); tab {
		p, seen, ok := strings.Cut(rest, "\t")
		if !ok {
			return a, 0, fmt.Errorf("%.60q is not origin, prefix and peers", line)
		}
		if peers, err = strconv.Atoi(strings.TrimSpace(seen)); err != nil {
			return a, 0, fmt.Errorf("number of peers %.20q", seen)
		}
		origin, prefix = o, p
	} else {
		p, o, ok := strings.Cut(line, ",")
		if !ok {
			return a, 0, fmt.Errorf("%.60q is neither prefix,origin nor a line of a RIS dump", line)
		}
		origin, prefix, peers = o, p, minPeers
	}
	if a.Prefix, err = netip.ParsePrefix(strings.TrimSpace(prefix)); err != nil {
		return a, 0, fmt.Errorf("prefix %.50q", prefix)
	}
	origin = strings.TrimSpace(origin)
	if strings.HasPrefix(origin, "{") && strings.HasSuffix(origin, "}") {
		for o := range strings.SplitSeq(origin[1:len(origin)-1], ",") {
			if _, err := parseASN(strings.TrimSpace(o)); err != nil {
				return a, 0, err
			}
		}
		return a, peers, nil
	}
	a.Origin, err = parseASN(origin)
	return a, peers, err
}
