package tlslab

import (
	"slices"

	"peil/internal/fact"
)

// DefaultSuites are the suites that a server has on a version when its profile names
// none: the good and sufficient ones of NCSC 2025-05 from TLS 1.2 on, and what a
// decent server of its time had before that.
func DefaultSuites(v fact.Version) []fact.Suite {
	switch v {
	case fact.TLS13:
		return []fact.Suite{0x1302, 0x1303, 0x1301}
	case fact.TLS12:
		return []fact.Suite{0xC02C, 0xCCA9, 0xC02B, 0xC030, 0xCCA8, 0xC02F}
	case fact.SSL20:
		return []fact.Suite{fact.SSL2Suite(0x010080), fact.SSL2Suite(0x030080), fact.SSL2Suite(0x0700C0), fact.SSL2Suite(0x020080)}
	case fact.SSL30:
		return []fact.Suite{0x0035, 0x002F, 0x000A}
	default:
		return []fact.Suite{0xC00A, 0xC009, 0xC014, 0xC013, 0x0035, 0x002F}
	}
}

var (
	defaultVersions = []fact.Version{fact.TLS12, fact.TLS13}
	defaultGroups   = []fact.Group{fact.X25519, fact.Secp256r1, fact.Secp384r1}
	defaultGroups13 = []fact.Group{fact.X25519MLKEM768, fact.SecP256r1MLKEM768, fact.X25519, fact.Secp256r1, fact.Secp384r1}
	defaultHashes   = []Hash{SHA256, SHA384, SHA512}
	defaultALPN     = []string{"h2", "http/1.1"}
)

func or[T any](list, otherwise []T) []T {
	if list == nil {
		return otherwise
	}
	return list
}

// versions are the versions of a profile, newest first.
func (p *Profile) versions() []fact.Version {
	vs := slices.Clone(or(p.Versions, defaultVersions))
	slices.Sort(vs)
	slices.Reverse(vs)
	return vs
}

func (p *Profile) speaks(v fact.Version) bool {
	return slices.Contains(or(p.Versions, defaultVersions), v)
}

// suitesOf are the suites of a profile on a version, in its order.
func (p *Profile) suitesOf(v fact.Version) []fact.Suite {
	if list, ok := p.Suites[v]; ok {
		return list
	}
	return DefaultSuites(v)
}
