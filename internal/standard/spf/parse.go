package spf

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"peil/internal/standard/taglist"
)

// Parse reads a record (section 12). It goes on after a defect, so that all of them are
// found.
func Parse(text string) *Record {
	r := &Record{Text: text}
	bad := r.note
	read := text
	if len(read) > MaxLength {
		bad(TooLong, MaxLength, "")
		read = read[:MaxLength]
	}
	i := 0
	if IsRecord(read) {
		i = len(version)
	} else {
		bad(NotSPF, 0, read)
		if len(read) > 1 && strings.EqualFold(read[:2], "v=") {
			i = strings.IndexByte(read+" ", ' ') // another version
		}
	}
	for i < len(read) {
		if read[i] == ' ' {
			i++
			continue
		}
		end := i
		for end < len(read) && read[end] != ' ' {
			end++
		}
		if len(r.Terms) == MaxTerms {
			bad(TooLong, i, "")
			break
		}
		r.Terms = append(r.Terms, r.term(read[i:end], i))
		i = end
	}
	r.whole()
	slices.SortStableFunc(r.Defects, func(a, b Defect) int {
		return cmp.Compare(uint(a.Position), uint(b.Position)) // -1 last
	})
	return r
}

func (r *Record) note(code string, position int, about string) {
	r.Defects = append(r.Defects, Defect{Code: code, Position: position, Text: taglist.Cut(about)})
}

// term reads one term:
//
//	directive = [ qualifier ] mechanism
//	modifier  = redirect / explanation / unknown-modifier
//
// What has a "=" right after its name is a modifier (section 4.6.1).
func (r *Record) term(s string, at int) Term {
	t := Term{Position: at, Text: s, Qualifier: Plus, Prefix4: 32, Prefix6: 128}
	bad := func(code string, offset int, about string) {
		t.Bad = true
		r.note(code, at+offset, about)
	}
	p := 0
	qualified := strings.IndexByte("+-~?", s[0]) >= 0
	if qualified {
		t.Qualifier = Qualifier(s[0])
		p = 1
	}
	sep := p
	for sep < len(s) && s[sep] != ':' && s[sep] != '/' && s[sep] != '=' {
		sep++
	}
	name := s[p:sep]
	if sep < len(s) && s[sep] == '=' {
		t.Qualifier = 0
		t.Value = s[sep+1:]
		switch {
		case qualified:
			t.Kind = Invalid
			bad(QualifiedModifier, 0, s)
		case !modifierName(name):
			t.Kind = Invalid
			bad(ModifierName, p, name)
		default:
			r.modifier(&t, name, sep+1, bad)
		}
		return t
	}
	t.Kind = Kind(strings.ToLower(name))
	switch t.Kind {
	case All:
		if sep < len(s) && s[sep] == ':' {
			bad(UnexpectedTarget, sep, s[sep:])
		} else if sep < len(s) {
			bad(UnexpectedPrefix, sep, s[sep:])
		}
	case Include, Exists, PTR:
		r.named(&t, s, sep, bad)
	case A, MX:
		r.dual(&t, s, sep, bad)
	case IP4, IP6:
		network(&t, s, sep, bad)
	default:
		t.Kind = Invalid
		bad(UnknownMechanism, 0, s)
	}
	return t
}

func (r *Record) modifier(t *Term, name string, value int, bad func(string, int, string)) {
	switch Kind(strings.ToLower(name)) {
	case Redirect:
		t.Kind = Redirect
	case Exp:
		t.Kind = Exp
	default:
		t.Kind, t.Name = Modifier, name
		r.note(Unrecognised, t.Position, name)
		if _, code, off := parseSpec(t.Value, false, false); code != "" {
			bad(code, value+off, t.Value)
		}
		return
	}
	r.target(t, value, bad)
}

// named reads what follows include, exists and ptr: a target and no prefix length.
func (r *Record) named(t *Term, s string, sep int, bad func(string, int, string)) {
	switch {
	case sep == len(s):
		if t.Kind != PTR {
			bad(MissingTarget, sep, s)
		}
	case s[sep] == '/':
		bad(UnexpectedPrefix, sep, s[sep:])
	default:
		t.Value = s[sep+1:]
		r.target(t, sep+1, bad)
	}
}

// dual reads what follows a and mx: [ ":" domain-spec ] [ dual-cidr-length ].
func (r *Record) dual(t *Term, s string, sep int, bad func(string, int, string)) {
	rest := s[sep:]
	// The lengths are digits after the last one or two "/" (a domain-spec may hold "/").
	cut := len(rest)
	if i := strings.LastIndex(rest, "//"); i >= 0 && digits(rest[i+2:]) {
		t.Prefix6 = length(rest[i+2:], 128)
		if t.Prefix6 < 0 {
			bad(BadPrefix, sep+i, rest[i:])
		}
		cut = i
	}
	if i := strings.LastIndexByte(rest[:cut], '/'); i >= 0 && digits(rest[i+1:cut]) && (i == 0 || rest[i-1] != '/') {
		t.Prefix4 = length(rest[i+1:cut], 32)
		if t.Prefix4 < 0 {
			bad(BadPrefix, sep+i, rest[i:cut])
		}
		cut = i
	}
	rest = rest[:cut]
	switch {
	case rest == "":
	case rest[0] == '/':
		bad(BadPrefix, sep, rest)
	default:
		t.Value = rest[1:]
		r.target(t, sep+1, bad)
	}
}

// target reads t.Value as a domain-spec; offset is where it stands in the term.
func (r *Record) target(t *Term, offset int, bad func(string, int, string)) {
	if t.Value == "" {
		bad(MissingTarget, offset, t.Text)
		return
	}
	spec, code, off := parseSpec(t.Value, true, false)
	if code != "" {
		// A tail of "/…" that is no prefix length is more likely a bad one than a name.
		if i := strings.LastIndexByte(t.Value, '/'); code == BadDomain && i >= 0 && (t.Kind == A || t.Kind == MX) {
			code, off = BadPrefix, i
		} else if code == BadDomain && i >= 0 && digits(t.Value[i+1:]) {
			code, off = UnexpectedPrefix, i
		}
		bad(code, offset+off, t.Value[off:])
		return
	}
	t.Target = spec
	if strings.Contains(t.Value, "..") || t.Value[0] == '.' {
		r.note(EmptyLabel, t.Position+offset, t.Value)
	}
}

// network reads what follows ip4 and ip6 (section 5.6).
func network(t *Term, s string, sep int, bad func(string, int, string)) {
	code, bits := BadIP4, 32
	if t.Kind == IP6 {
		code, bits = BadIP6, 128
	}
	if sep == len(s) || s[sep] != ':' || sep+1 == len(s) {
		bad(MissingTarget, sep, s)
		return
	}
	t.Value = s[sep+1:]
	address, prefix, long := strings.Cut(t.Value, "/")
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.BitLen() != bits || ip.Zone() != "" {
		bad(code, sep+1, address)
		return
	}
	if long {
		bits = -1
		if digits(prefix) {
			bits = length(prefix, ip.BitLen())
		}
		if bits < 0 {
			bad(BadPrefix, sep+1+len(address), "/"+prefix)
			return
		}
	}
	t.Network = netip.PrefixFrom(ip, bits)
}

// digits reports whether s is digits alone, at least one.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// length is a prefix length without leading zero, at most limit; else -1.
func length(s string, limit int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n > limit || len(s) > 1 && s[0] == '0' {
		return -1
	}
	return n
}

// modifierName is name of section 12.
func modifierName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if letter(c) || i > 0 && (digit(c) || c == '-' || c == '_' || c == '.') {
			continue
		}
		return false
	}
	return s != ""
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }

// whole notes what is seen of the record as a whole.
func (r *Record) whole() {
	seen := map[string]bool{}
	all, redirects, exps, mechanisms := -1, 0, 0, 0
	for i := range r.Terms {
		t := &r.Terms[i]
		switch t.Kind {
		case Redirect:
			if redirects++; redirects > 1 {
				t.Bad = true
				r.note(DoubleRedirect, t.Position, t.Text)
			}
			continue
		case Exp:
			if exps++; exps > 1 {
				t.Bad = true
				r.note(DoubleExp, t.Position, t.Text)
			}
			continue
		case Invalid:
			mechanisms++
			continue
		case Modifier:
			continue
		}
		mechanisms++
		if key := strings.ToLower(t.Text); !t.Bad && seen[key] {
			r.note(Repeated, t.Position, t.Text)
		} else {
			seen[key] = true
		}
		if all >= 0 {
			r.note(AfterAll, t.Position, t.Text)
		}
		switch {
		case t.Bad:
		case t.Kind == All && all < 0:
			all = i
		case t.Kind == PTR:
			r.note(PTRUsed, t.Position, t.Text)
		case (t.Kind == IP4 || t.Kind == IP6) && t.Network != t.Network.Masked():
			r.note(HostBits, t.Position, t.Network.String())
		}
	}
	if t := r.Find(Redirect); t != nil && all >= 0 {
		r.note(RedirectUnused, t.Position, t.Text)
	}
	if mechanisms == 0 && redirects == 0 {
		r.note(Empty, -1, "")
	}
	switch n := len(r.Text); {
	case n > 512:
		r.note(Over512, -1, strconv.Itoa(n))
	case n > 450:
		r.note(Over450, -1, strconv.Itoa(n))
	case n > 255:
		r.note(Over255, -1, strconv.Itoa(n))
	}
}
