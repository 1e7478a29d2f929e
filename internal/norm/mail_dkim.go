package norm

import (
	"peil/internal/fact"
	"peil/internal/standard/dkim"
	"peil/internal/standard/lookup"
)

// dkimKey is a DKIM key that was found.
type dkimKey struct {
	selector string
	key      *dkim.Key
}

func (k dkimKey) line() string { return k.selector + ": " + k.words() }

// words are what a key is: "rsa 2048".
func (k dkimKey) words() string {
	if k.key.Bits > 0 {
		return k.key.Type + " " + itoa(k.key.Bits)
	}
	return k.key.Type
}

// fatal is the first defect by which a verifier has no key, "" when it has one.
func (k dkimKey) fatal() string {
	for _, d := range k.key.Defects {
		if dkim.Fatal(d.Code) {
			return d.Code
		}
	}
	return ""
}

// keys are the keys at the selectors that were tried. tried is how many answered, gap
// that some were not seen.
func (v *view) keys() (found []dkimKey, tried int, gap fact.Gap) {
	if v.Mail == nil {
		return nil, 0, fact.GapNotAsked
	}
	for _, s := range v.Mail.Selectors {
		a, f, ok := v.answer(dkim.Name(s.Name, v.Target.Name))
		if !ok {
			gap = firstGap(f.gap, fact.GapDNS)
			continue
		}
		tried++
		for _, text := range dkim.Select(a.TXT) {
			found = append(found, dkimKey{s.Name, dkim.Parse(text)})
		}
	}
	if tried == 0 && gap == "" && !v.noDomainkey() {
		gap = fact.GapNotAsked
	}
	return found, tried, gap
}

// noDomainkey reports whether there can be no key anywhere: below a name that does not
// exist there is nothing (RFC 8020).
func (v *view) noDomainkey() bool {
	l := v.DNS.Lookup("_domainkey."+v.Target.Name, "TXT")
	return l != nil && l.Gap == "" && lookup.Of(l).Status == lookup.NXDomain
}

var (
	dkimWhy = Text{
		"Met een handtekening kan de ontvanger nagaan dat de mail echt van dit domein komt en onderweg niet is veranderd. Een korte sleutel is te kraken: dan tekent een ander.",
		"By a signature the recipient can check that mail really comes from this domain and was not changed on the way. A short key can be broken: then someone else signs.",
	}
	dkimFixes = []Fix{
		fixFor("dns", "Zet de publieke sleutel (RSA 2048 bits) in de DNS, onder een selector per verzender.", "Put the public key (RSA 2048 bits) in the DNS, under a selector per sender.", "s2026._domainkey.example.nl. 3600 IN TXT \"v=DKIM1; k=rsa; p=MIIBIjANBg...\""),
		fixFor("postfix", "Laat OpenDKIM of Rspamd uitgaande mail ondertekenen.", "Let OpenDKIM or Rspamd sign outgoing mail.", "opendkim-genkey -b 2048 -d example.nl -s s2026\npostconf -e smtpd_milters=inet:127.0.0.1:8891 non_smtpd_milters=inet:127.0.0.1:8891"),
		fixFor("exim", "Onderteken in het transport dat naar buiten verstuurt.", "Sign in the transport that sends to the outside.", "dkim_domain = example.nl\ndkim_selector = s2026\ndkim_private_key = /etc/exim4/dkim/example.nl.key"),
		fixFor("exchange", "Zet DKIM aan voor het domein (Exchange Online).", "Switch DKIM on for the domain (Exchange Online).", "New-DkimSigningConfig -DomainName example.nl -KeySize 2048 -Enabled $true"),
	}
)

const dkimCheck = "dig TXT _domainkey.{name} | grep status; for s in default mail dkim s1 s2 k1 google selector1 selector2; do echo $s $(dig +short TXT $s._domainkey.{name}); done"

// The sizes of an RSA key (RFC 8301 section 3.2): verifiers refuse a shorter one, signers
// should use the longer.
const (
	dkimLeast  = 1024
	dkimBetter = 2048
)

var dkimUsable = rule{
	explain: Text{
		"Als het domein mail verstuurt, staat er bij een van de geprobeerde selectors een bruikbare DKIM-sleutel, en nergens een van minder dan 1024 bits. Selectors zijn niet op te vragen: wordt er geen gevonden, dan is dat niet te zeggen, tenzij de DNS zegt dat er geen enkele is (_domainkey bestaat niet).",
		"When the domain sends mail, a usable DKIM key stands at one of the selectors that were tried, and nowhere one of less than 1024 bits. Selectors cannot be listed: when none is found there is no saying, unless the DNS says that there is none at all (_domainkey does not exist).",
	},
	why: dkimWhy, fixes: dkimFixes, check: dkimCheck,
	judge: func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		found, tried, gap := v.keys()
		var good, weak []finding
		for _, k := range found {
			switch {
			case k.fatal() != "" || k.key.Revoked || !k.key.Serves():
			case k.key.Type == "rsa" && k.key.Bits < dkimLeast:
				weak = append(weak, fail(because("dkim-short", itoa(k.key.Bits))).on(k.selector).with(k.line()))
			case !k.key.Test:
				good = append(good, pass(because("dkim-key", k.words())).on(k.selector).with(k.line()))
			}
		}
		if len(weak)+len(good) > 0 {
			return combine(append(weak, good...)...)
		}
		return combine(v.withoutKey(found, tried, gap))
	},
}

// withoutKey says what it means that no usable key was found at the selectors tried.
func (v *view) withoutKey(found []dkimKey, tried int, gap fact.Gap) finding {
	if s := v.spf(); s.sendsNothing() {
		return none(because("sends-nothing"))
	}
	for _, k := range found {
		if k.key.Usable() && k.key.Test {
			return fail(because("dkim-test")).on(k.selector).with(k.line() + " t=y")
		}
	}
	if len(found) == 0 && v.noDomainkey() {
		if s := v.spf(); !s.ok() && s.none.outcome == NotMeasured {
			return missed(s.none.gap) // whether it sends at all is not known
		}
		return fail(because("dkim-none")).with("_domainkey." + v.Target.Name + " TXT: NXDOMAIN")
	}
	if gap != "" {
		return missed(gap)
	}
	f := missed(fact.GapUnsupported)
	f.saw = because("dkim-not-found", itoa(tried))
	return f
}

var dkimStrength = rule{
	explain: Text{
		"Elke gevonden DKIM-sleutel is goed te lezen, heeft ten minste 2048 bits (RSA) of is Ed25519, en staat niet op proef (t=y). Ingetrokken sleutels tellen niet.",
		"Each DKIM key that was found can be read, has at least 2048 bits (RSA) or is Ed25519, and is not on trial (t=y). Revoked keys do not count.",
	},
	why: dkimWhy, fixes: dkimFixes, check: "dig +short TXT {subject}._domainkey.{name}",
	judge: func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		found, _, gap := v.keys()
		var fs []finding
		for _, k := range found {
			f := pass(because("dkim-key", k.words()))
			switch code := k.fatal(); {
			case k.key.Revoked:
				f = none(because("dkim-revoked"))
			case code != "":
				f = warn(because("dkim-defect", code)).with(clip(k.key.Text, maxArgument))
			case k.key.Type == "rsa" && k.key.Bits < dkimBetter:
				f = warn(because("dkim-short", itoa(k.key.Bits))).with(k.line())
			case k.key.Test:
				f = warn(because("dkim-test")).with(k.line() + " t=y")
			}
			fs = append(fs, f.on(k.selector))
		}
		switch {
		case len(fs) > 0:
			return combine(fs...)
		case gap != "":
			return combine(missed(gap))
		}
		return combine(none(because("dkim-no-key-seen")))
	},
}
