package lab

import (
	"fmt"
	"strings"
)

func spf(records ...string) func(*Site)   { return func(s *Site) { s.Mail.TXT = records } }
func dmarc(records ...string) func(*Site) { return func(s *Site) { s.Mail.DMARC = records } }
func dkim(keys ...string) func(*Site)     { return func(s *Site) { s.Mail.DKIM = keys } }

// also adds records, in master-file form.
func also(change func(*Site), lines ...string) func(*Site) {
	return func(s *Site) {
		change(s)
		s.Mail.Records = append(s.Mail.Records, lines...)
	}
}

// below moves a mail domain below a zone of its own, with labels in front.
func below(labels string, change func(*Site)) func(*Site) {
	return func(s *Site) {
		zone := s.ID + ".test"
		s.Name, s.Mail.Apex = labels+"."+zone, zone+"."
		change(s)
	}
}

// mailIncomplete is what forum makes of a mail standard that is not met.
const mailIncomplete = `
  = mail_complete failed
  = mail_complete_with_ipv6_rpki failed`

func spfSites() []entry {
	none := `
internet.nl 92
  mail_auth_spf_exist failed bad 0/10
  mail_auth_spf_policy not_applicable
peil below_standard
  mail.spf.record failed
  mail.spf.policy not_applicable
  mail.spf.width not_applicable
  mail.spf.lookups not_applicable
forum
  mail_legacy_spf failed
  mail_legacy_spf_policy not_applicable|failed` + mailIncomplete
	// inl is how Internet.nl finds the policy, peil what our own edition must not pass.
	policy := func(word, points, peil string) string {
		return `
internet.nl 96
  mail_auth_spf_policy failed ` + word + ` ` + points + `/10
peil ` + peil + `
forum
  mail_legacy_spf_policy failed` + mailIncomplete
	}
	const unlike = `up_to_standard` // only Internet.nl minds
	all := policy("all", "2", `below_standard
  mail.spf.policy failed`)
	open := policy("all", "2", `below_standard
  mail.spf.policy failed
  mail.spf.width failed`)
	syntax := policy("bad", "0", `below_standard
  mail.spf.record failed
  mail.spf.policy ?
  mail.spf.width ?
  mail.spf.lookups ?`)
	// A permanent error of RFC 7208: that it is not passed is sure, by which name is not.
	broken := func(word, points string) string {
		return policy(word, points, `below_standard
  mail.spf.record ?
  mail.spf.policy ?
  mail.spf.width ?
  mail.spf.lookups ?`)
	}
	// The same where Internet.nl sees nothing wrong.
	brokenForUs := `
internet.nl 100
peil below_standard
  mail.spf.record ?
  mail.spf.policy ?
  mail.spf.width ?
  mail.spf.lookups failed`
	fine := `
internet.nl 100
peil up_to_standard`
	repeat := func(n int, term string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(" " + strings.ReplaceAll(term, "#", fmt.Sprint(i+1)))
		}
		return b.String()
	}
	hosts := func(n int) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprintf("host%d.{d}. 3600 IN A 22.0.240.%d", i+1, i+1), fmt.Sprintf("host%d.{d}. 3600 IN AAAA 2a1f:8000:f0::%x", i+1, i+1))
		}
		return lines
	}
	target := func(txt ...string) (lines []string) {
		for _, t := range txt {
			lines = append(lines, `_spf.{d}. 3600 IN TXT "`+t+`"`)
		}
		return lines
	}
	const g = "mail-spf"
	return []entry{
		{"mail-spf-none", g, Text{"geen SPF-record", "no SPF record"}, spf("iets anders"), none},
		{"mail-spf-several", g, Text{"twee SPF-records", "two SPF records"}, spf(goodSPF, "v=spf1 -all"), none},
		{"mail-spf-soft", g, Text{"SPF eindigt op ~all", "SPF ends in ~all"}, spf("v=spf1 mx ~all"), `
internet.nl 100
peil up_to_standard
  mail.spf.policy passed|info|warning`},
		{"mail-spf-neutral", g, Text{"SPF eindigt op ?all", "SPF ends in ?all"}, spf("v=spf1 mx ?all"), all},
		{"mail-spf-plus-all", g, Text{"SPF eindigt op +all: iedereen mag verzenden", "SPF ends in +all: everybody may send"}, spf("v=spf1 mx +all"), open},
		{"mail-spf-bare-all", g, Text{"SPF eindigt op all zonder teken", "SPF ends in all without a qualifier"}, spf("v=spf1 all"), open},
		{"mail-spf-no-all", g, Text{"SPF zonder all", "SPF without all"}, spf("v=spf1 mx"), all},
		{"mail-spf-empty", g, Text{"SPF zonder inhoud", "SPF without content"}, spf("v=spf1"), all},
		{"mail-spf-upper", g, Text{"SPF in hoofdletters", "SPF in capitals"}, spf("V=SPF1 MX -ALL"), fine},
		{"mail-spf-version-10", g, Text{"v=spf10, dat geen SPF is", "v=spf10, which is no SPF"}, spf("v=spf10 -all"), syntax + `
peil
  mail.spf.policy ?`},
		{"mail-spf-semicolon", g, Text{"SPF met een puntkomma aan het eind", "SPF with a semicolon at the end"}, spf("v=spf1 mx -all;"), syntax},
		{"mail-spf-leading-zero", g, Text{"een IPv4-adres met voorloopnul in SPF", "an IPv4 address with a leading zero in SPF"}, spf("v=spf1 ip4:022.0.240.1 -all"), syntax},
		{"mail-spf-digits-label", g, Text{"SPF verwijst naar een naam die op cijfers eindigt", "SPF refers to a name that ends in digits"}, spf("v=spf1 include:spf.example.123 -all"), syntax},
		{"mail-spf-bad-mechanism", g, Text{"een mechanisme dat niet bestaat in SPF", "a mechanism that does not exist in SPF"}, spf("v=spf1 ipv4:22.0.240.1 -all"), syntax},
		{"mail-spf-prefix-33", g, Text{"een prefixlengte van 33 in SPF", "a prefix length of 33 in SPF"}, spf("v=spf1 ip4:22.0.240.0/33 -all"), syntax},
		{"mail-spf-unknown-modifier", g, Text{"een onbekende modifier, die mag", "an unknown modifier, which is allowed"}, spf("v=spf1 mx foo=bar -all"), fine},
		{"mail-spf-modifier-number", g, Text{"een modifier met een getal, die alleen Internet.nl afkeurt", "a modifier with a number, which Internet.nl alone rejects"}, spf("v=spf1 mx rp=100 -all"), policy("bad", "0", unlike)},
		{"mail-spf-modifier-a", g, Text{"een modifier die met a begint, die alleen Internet.nl afkeurt", "a modifier that begins with a, which Internet.nl alone rejects"}, spf("v=spf1 mx abuse=example.com -all"), policy("bad", "0", unlike)},
		{"mail-spf-spaces", g, Text{"dubbele spaties en een spatie aan het eind", "double spaces and one at the end"}, spf("v=spf1  mx   -all "), fine},
		{"mail-spf-final-dot", g, Text{"een naam met een punt aan het eind in SPF", "a name with a final dot in SPF"}, spf("v=spf1 include:spf.sender.example.com. -all"), fine},
		{"mail-spf-all-twice", g, Text{"-all staat er twee keer", "-all stands there twice"}, spf("v=spf1 mx -all -all"), fine},
		{"mail-spf-after-all", g, Text{"termen achter -all, die niet tellen", "terms behind -all, which do not count"}, spf("v=spf1 mx -all include:gone.{d}"), fine},
		{"mail-spf-strings", g, Text{"SPF in twee stukken midden in een woord", "SPF in two strings in the middle of a word"}, also(spf(), `{d}. 3600 IN TXT "v=spf1 mx inclu" "de:spf.sender.example.com -all"`), fine},
		{"mail-spf-strings-no-space", g, Text{"SPF in twee stukken zonder spatie ertussen", "SPF in two strings without a space between"}, also(spf(), `{d}. 3600 IN TXT "v=spf1 mx" "-all"`), syntax},
		{"mail-spf-other-texts", g, Text{"veel andere TXT-records naast SPF", "many other TXT records beside SPF"}, spf(goodSPF, "google-site-verification=abc", "MS=ms12345678", strings.Repeat("x", 500)), fine},

		{"mail-spf-includes-12", g, Text{"twaalf includes: te veel vragen", "twelve includes: too many look-ups"}, spf("v=spf1" + repeat(12, "include:spf.sender.example.com") + " -all"), policy("max-lookups", "2", `below_standard
  mail.spf.record ?
  mail.spf.policy ?
  mail.spf.lookups failed`)},
		{"mail-spf-a-12", g, Text{"twaalf keer a:, die Internet.nl niet telt", "twelve times a:, which Internet.nl does not count"}, also(spf("v=spf1"+repeat(12, "a:host#.{d}")+" -all"), hosts(12)...), brokenForUs},
		{"mail-spf-a-v4", g, Text{"drie keer a: van namen zonder IPv6, wat over IPv6 drie lege antwoorden geeft", "three times a: of names without IPv6, which over IPv6 gives three empty answers"}, also(spf("v=spf1"+repeat(3, "a:four#.{d}")+" -all"),
			"four1.{d}. 3600 IN A 22.0.240.1", "four2.{d}. 3600 IN A 22.0.240.2", "four3.{d}. 3600 IN A 22.0.240.3"), brokenForUs},
		{"mail-spf-lookups-10", g, Text{"precies tien vragen", "ten look-ups exactly"}, also(spf("v=spf1"+repeat(10, "a:host#.{d}")+" -all"), hosts(10)...), fine},
		{"mail-spf-voids", g, Text{"drie verwijzingen naar niets", "three references to nothing"}, spf("v=spf1" + repeat(3, "a:gone#.{d}") + " -all"), brokenForUs},
		{"mail-spf-loop", g, Text{"SPF verwijst naar zichzelf", "SPF includes itself"}, spf("v=spf1 include:{d} -all"), broken("max-lookups", "2")},
		{"mail-spf-loop-of-two", g, Text{"twee SPF-records verwijzen naar elkaar", "two SPF records include each other"}, also(spf("v=spf1 include:_spf.{d} -all"), target("v=spf1 include:{d} -all")...), broken("max-lookups", "2")},

		{"mail-spf-include-missing", g, Text{"een include van een naam die niet bestaat", "an include of a name that does not exist"}, spf("v=spf1 include:_spf.{d} -all"), broken("include", "2")},
		{"mail-spf-include-no-text", g, Text{"een include van een naam zonder TXT", "an include of a name without TXT"}, also(spf("v=spf1 include:_spf.{d} -all"), "_spf.{d}. 3600 IN A 22.0.240.1"), broken("include", "2")},
		{"mail-spf-include-no-spf", g, Text{"een include van een naam met een ander TXT-record", "an include of a name with another TXT record"}, also(spf("v=spf1 include:_spf.{d} -all"), target("hallo")...), broken("include", "0")},
		{"mail-spf-include-two", g, Text{"een include van een naam met twee SPF-records", "an include of a name with two SPF records"}, also(spf("v=spf1 include:_spf.{d} -all"), target("v=spf1 -all", "v=spf1 ~all")...), broken("include", "0")},
		{"mail-spf-include-syntax", g, Text{"een include van een SPF-record met een fout", "an include of an SPF record with an error"}, also(spf("v=spf1 include:_spf.{d} -all"), target("v=spf1 ip4:nergens -all")...), broken("include", "0")},
		{"mail-spf-include-empty", g, Text{"een include van een leeg SPF-record", "an include of an empty SPF record"}, also(spf("v=spf1 include:_spf.{d} -all"), target("v=spf1")...), policy("include", "2", `?
  mail.spf.policy ?`)},
		{"mail-spf-include-plus-all", g, Text{"een include van een record dat iedereen laat verzenden", "an include of a record that lets everybody send"}, also(spf("v=spf1 include:_spf.{d} -all"), target("v=spf1 +all")...), policy("include", "2", `below_standard
  mail.spf.policy ?
  mail.spf.width failed`)},
		{"mail-spf-include-neutral", g, Text{"een include van een record met ?all", "an include of a record with ?all"}, also(spf("v=spf1 include:_spf.{d} -all"), target("v=spf1 ip4:22.0.240.1 ?all")...), fine},
		{"mail-spf-include-deep", g, Text{"vier includes diep", "four includes deep"}, also(spf("v=spf1 include:_s1.{d} -all"),
			`_s1.{d}. 3600 IN TXT "v=spf1 include:_s2.{d} -all"`, `_s2.{d}. 3600 IN TXT "v=spf1 include:_s3.{d} -all"`,
			`_s3.{d}. 3600 IN TXT "v=spf1 include:_s4.{d} -all"`, `_s4.{d}. 3600 IN TXT "v=spf1 ip4:22.0.240.1 -all"`), fine},
		{"mail-spf-redirect", g, Text{"redirect naar een goed record", "redirect to a good record"}, also(spf("v=spf1 redirect=_spf.{d}"), target(goodSPF)...), fine},
		{"mail-spf-redirect-missing", g, Text{"redirect naar een naam die niet bestaat", "redirect to a name that does not exist"}, spf("v=spf1 redirect=_spf.{d}"), broken("redirect", "2")},
		{"mail-spf-redirect-syntax", g, Text{"redirect naar een record met een fout", "redirect to a record with an error"}, also(spf("v=spf1 redirect=_spf.{d}"), target("v=spf1 ip6:nergens -all")...), broken("redirect", "0")},
		{"mail-spf-redirect-neutral", g, Text{"redirect naar een record met ?all", "redirect to a record with ?all"}, also(spf("v=spf1 redirect=_spf.{d}"), target("v=spf1 mx ?all")...), policy("redirect", "2", `below_standard
  mail.spf.policy failed`)},
		{"mail-spf-redirect-and-all", g, Text{"redirect naast all, die niet telt", "redirect beside all, which does not count"}, spf("v=spf1 redirect=_spf.{d} -all"), fine},
		{"mail-spf-redirect-loop", g, Text{"redirect naar zichzelf", "redirect to itself"}, spf("v=spf1 redirect={d}"), broken("max-lookups", "2")},
		{"mail-spf-redirect-twice", g, Text{"twee keer redirect", "redirect twice"}, also(spf("v=spf1 redirect=_spf.{d} redirect=_spf.{d}"), target(goodSPF)...), `
internet.nl ?
  mail_auth_spf_policy ?
peil below_standard
  mail.spf.record failed
  mail.spf.policy ?
  mail.spf.width ?
  mail.spf.lookups ?
forum
  mail_legacy_spf_policy ?
  = mail_complete ?
  = mail_complete_with_ipv6_rpki ?`},
		{"mail-spf-macro", g, Text{"een include met een macro", "an include with a macro"}, also(spf("v=spf1 mx include:%{i}._spf.{d} -all"), `*._spf.{d}. 3600 IN TXT "v=spf1 -all"`), fine},
		{"mail-spf-exists", g, Text{"exists met een macro", "exists with a macro"}, spf("v=spf1 mx exists:%{ir}.%{v}._spf.{d} -all"), fine},
		{"mail-spf-ptr", g, Text{"ptr, dat afgeraden wordt", "ptr, which is advised against"}, spf("v=spf1 ptr -all"), `
internet.nl 100
peil ?
  mail.spf.policy ?
  mail.spf.width ?`},
		{"mail-spf-exp", g, Text{"een uitleg (exp)", "an explanation (exp)"}, also(spf("v=spf1 mx -all exp=why.{d}"), `why.{d}. 3600 IN TXT "%{i} may not send for %{d}"`), fine},
		{"mail-spf-wide", g, Text{"de hele adresruimte in twee helften", "the whole address space in two halves"}, spf("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"), `
internet.nl 100
peil below_standard
  mail.spf.policy failed
  mail.spf.width failed`},
		{"mail-spf-long", g, Text{"een SPF-record van meer dan 450 tekens", "an SPF record of more than 450 characters"}, spf("v=spf1" + repeat(40, "ip4:22.0.240.#") + " -all"), `
internet.nl 100
peil up_to_standard
  mail.spf.record passed|info|warning`},
		{"mail-spf-subdomain-absent", g, Text{"www. zonder TXT-record", "www. without TXT record"}, func(s *Site) { s.Mail.Records = nil }, `
peil up_to_standard
  mail.spf.subdomain ?`},
		{"mail-spf-subdomain", g, Text{"www. zonder SPF", "www. without SPF"}, func(s *Site) { s.Mail.Records = []string{"www.{d}. 3600 IN A 22.0.240.1"} }, `
peil up_to_standard
  mail.spf.subdomain failed|warning|info`},
	}
}

func dmarcSites() []entry {
	none := `
internet.nl 92
  mail_auth_dmarc_exist failed bad 0/10
  mail_auth_dmarc_policy not_applicable
peil below_standard
  mail.dmarc.record failed
  mail.dmarc.policy not_applicable
  mail.dmarc.subdomains not_applicable
  mail.dmarc.reports not_applicable
forum
  mail_legacy_dmarc failed
  mail_legacy_dmarc_policy not_applicable|failed` + mailIncomplete
	policy := func(word, points, peil string) string {
		return `
internet.nl 96
  mail_auth_dmarc_policy failed ` + word + ` ` + points + `/10
peil ` + peil + `
forum
  mail_legacy_dmarc_policy failed` + mailIncomplete
	}
	weak := policy("policy", "2", `below_standard
  mail.dmarc.policy failed
  mail.dmarc.subdomains ?
  mail.dmarc.reports ?`)
	syntax := policy("bad", "0", `below_standard
  mail.dmarc.record ?
  mail.dmarc.policy ?
  mail.dmarc.subdomains ?
  mail.dmarc.reports ?`)
	external := `
internet.nl 100
  mail_auth_dmarc_policy warning external 10/10
forum
  mail_legacy_dmarc_policy warning`
	fine := `
internet.nl 100
peil up_to_standard`
	noReports := fine + `
  mail.dmarc.reports ?`
	const g = "mail-dmarc"
	return []entry{
		{"mail-dmarc-none", g, Text{"geen DMARC-record", "no DMARC record"}, dmarc(), none},
		{"mail-dmarc-several", g, Text{"twee DMARC-records", "two DMARC records"}, dmarc(goodDMARC, "v=DMARC1; p=none"), none},
		{"mail-dmarc-p-none", g, Text{"beleid none", "policy none"}, dmarc("v=DMARC1; p=none; rua=mailto:dmarc@{d}"), weak},
		{"mail-dmarc-quarantine", g, Text{"beleid quarantine", "policy quarantine"}, dmarc("v=DMARC1; p=quarantine; rua=mailto:dmarc@{d}"), fine},
		{"mail-dmarc-quarantine-test", g, Text{"beleid quarantine op proef (t=y)", "policy quarantine on trial (t=y)"}, dmarc("v=DMARC1; p=quarantine; t=y; rua=mailto:dmarc@{d}"), weak},
		{"mail-dmarc-reject-test", g, Text{"beleid reject op proef (t=y)", "policy reject on trial (t=y)"}, dmarc("v=DMARC1; p=reject; t=y; rua=mailto:dmarc@{d}"), `
internet.nl 100
peil ?
  mail.dmarc.policy ?
  mail.dmarc.subdomains ?`},
		{"mail-dmarc-pct", g, Text{"beleid voor 10 procent van de mail", "policy for 10 per cent of the mail"}, dmarc("v=DMARC1; p=reject; pct=10; rua=mailto:dmarc@{d}"), `
internet.nl 100
peil ?
  mail.dmarc.policy ?
  mail.dmarc.subdomains ?`},
		{"mail-dmarc-empty", g, Text{"alleen de versie", "the version alone"}, dmarc("v=DMARC1;"), policy("policy", "2", `below_standard
  mail.dmarc.record ?
  mail.dmarc.policy ?
  mail.dmarc.subdomains ?
  mail.dmarc.reports ?`)},
		{"mail-dmarc-no-semicolon", g, Text{"alleen de versie, zonder puntkomma", "the version alone, without semicolon"}, dmarc("v=DMARC1"), syntax},
		{"mail-dmarc-bad-policy", g, Text{"een beleid dat niet bestaat", "a policy that does not exist"}, dmarc("v=DMARC1; p=rejct; rua=mailto:dmarc@{d}"), syntax},
		{"mail-dmarc-lower-case", g, Text{"de versie in kleine letters", "the version in lower case"}, dmarc("v=dmarc1; p=reject; rua=mailto:dmarc@{d}"), syntax},
		{"mail-dmarc-p-last", g, Text{"p staat niet vooraan, wat alleen Internet.nl afkeurt", "p does not come first, which Internet.nl alone rejects"}, dmarc("v=DMARC1; rua=mailto:dmarc@{d}; p=reject"), policy("bad", "0", "up_to_standard")},
		{"mail-dmarc-unknown-tag", g, Text{"een onbekende tag, die alleen Internet.nl afkeurt", "an unknown tag, which Internet.nl alone rejects"}, dmarc("v=DMARC1; p=reject; foo=bar; rua=mailto:dmarc@{d}"), policy("bad", "0", "up_to_standard")},
		{"mail-dmarc-all-tags", g, Text{"alle tags, ook np, psd en t", "all tags, np, psd and t as well"}, dmarc("v=DMARC1; p=reject; sp=reject; np=reject; psd=n; t=n; adkim=s; aspf=s; fo=1; ri=86400; rf=afrf; pct=100; rua=mailto:dmarc@{d}!10m; ruf=mailto:dmarc@{d}"), fine},
		{"mail-dmarc-twice", g, Text{"een tag staat er twee keer", "a tag stands there twice"}, dmarc("v=DMARC1; p=reject; p=none; rua=mailto:dmarc@{d}"), `
internet.nl 96
  mail_auth_dmarc_policy failed bad 0/10
peil ?
  mail.dmarc.record ?
  mail.dmarc.policy ?
  mail.dmarc.subdomains ?
  mail.dmarc.reports ?
forum
  mail_legacy_dmarc_policy failed` + mailIncomplete},
		{"mail-dmarc-no-reports", g, Text{"geen adres voor rapporten", "no address for reports"}, dmarc("v=DMARC1; p=reject"), noReports},
		{"mail-dmarc-external", g, Text{"rapporten naar een ander, die daarvan niet weet", "reports to another, who does not know of it"}, dmarc("v=DMARC1; p=reject; rua=mailto:dmarc@other.example.com"), external + `
peil ?
  mail.dmarc.reports failed|warning`},
		{"mail-dmarc-external-short", g, Text{"toestemming zonder puntkomma, die Internet.nl niet telt", "leave without semicolon, which Internet.nl does not count"}, dmarc("v=DMARC1; p=reject; rua=mailto:dmarc@short.example.com"), external + `
peil up_to_standard`},
		{"mail-dmarc-alias", g, Text{"_dmarc is een alias", "_dmarc is an alias"}, also(dmarc(), "_dmarc.{d}. 3600 IN CNAME policy.{d}.", `policy.{d}. 3600 IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{d}"`), fine},
		{"mail-dmarc-other-text", g, Text{"een ander TXT-record naast DMARC", "another TXT record beside DMARC"}, dmarc(goodDMARC, "hallo"), fine},
		{"mail-dmarc-wildcard", g, Text{"een wildcard met SPF antwoordt voor _dmarc", "a wildcard with SPF answers for _dmarc"}, also(dmarc(), `*.{d}. 3600 IN TXT "v=spf1 -all"`), none},

		{"mail-dmarc-org", g, Text{"het record staat bij de organisatie", "the record stands at the organisation"}, below("dienst", also(dmarc(), `_dmarc.mail-dmarc-org.test. 3600 IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@mail-dmarc-org.test"`)), fine},
		{"mail-dmarc-org-sp-none", g, Text{"de organisatie ontziet subdomeinen", "the organisation spares subdomains"}, below("dienst", also(dmarc(), `_dmarc.mail-dmarc-org-sp-none.test. 3600 IN TXT "v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@mail-dmarc-org-sp-none.test"`)), weak},
		{"mail-dmarc-org-sp-reject", g, Text{"de organisatie is strenger voor subdomeinen", "the organisation is stricter with subdomains"}, below("dienst", also(dmarc(), `_dmarc.mail-dmarc-org-sp-reject.test. 3600 IN TXT "v=DMARC1; p=none; sp=reject; rua=mailto:dmarc@mail-dmarc-org-sp-reject.test"`)), fine},
		{"mail-dmarc-deep", g, Text{"negen labels onder de organisatie", "nine labels deep"}, below("a.b.c.d.e.f.g", also(dmarc(), `_dmarc.mail-dmarc-deep.test. 3600 IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@mail-dmarc-deep.test"`)), fine},
		{"mail-dmarc-psd-n", g, Text{"een tussenliggend domein zegt psd=n", "a domain in between says psd=n"}, below("a.b", also(dmarc(),
			`_dmarc.b.mail-dmarc-psd-n.test. 3600 IN TXT "v=DMARC1; p=reject; psd=n; rua=mailto:dmarc@b.mail-dmarc-psd-n.test"`,
			`_dmarc.mail-dmarc-psd-n.test. 3600 IN TXT "v=DMARC1; p=none"`)), policy("policy", "2", "up_to_standard\n  mail.dmarc.reports ?")},
		{"mail-dmarc-between", g, Text{"een record tussen domein en organisatie, dat niet telt", "a record between domain and organisation, which does not count"}, below("a.b", also(dmarc(),
			`_dmarc.b.mail-dmarc-between.test. 3600 IN TXT "v=DMARC1; p=none"`,
			`_dmarc.mail-dmarc-between.test. 3600 IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@mail-dmarc-between.test"`)), fine},
	}
}

func dkimSites() []entry {
	keyed := func(outcomes string) string {
		return `
internet.nl 100
peil ?
  mail.dkim.strength ?
  mail.dkim.key ` + outcomes
	}
	const g = "mail-dkim"
	return []entry{
		{"mail-dkim-none", g, Text{"_domainkey bestaat niet", "_domainkey does not exist"}, dkim(), `
internet.nl 96
  mail_auth_dkim_exist failed bad 0/10
peil below_standard
  mail.dkim.key failed
  mail.dkim.strength not_applicable
forum
  mail_legacy_dkim failed` + mailIncomplete},
		{"mail-dkim-unknown-selector", g, Text{"een selector die niemand raadt", "a selector that nobody guesses"}, dkim("zq83xk2 v=DKIM1; k=rsa; p=" + dkimRSA2048), keyed("not_measured|info|warning|passed")},
		{"mail-dkim-revoked", g, Text{"de sleutel is ingetrokken", "the key is revoked"}, dkim("default v=DKIM1; k=rsa; p="), keyed("failed|not_measured|warning")},
		{"mail-dkim-1024", g, Text{"een sleutel van 1024 bits", "a key of 1024 bits"}, dkim("default v=DKIM1; k=rsa; p=" + dkimRSA1024), keyed("passed") + `
peil up_to_standard
  mail.dkim.strength warning|failed`},
		{"mail-dkim-512", g, Text{"een sleutel van 512 bits", "a key of 512 bits"}, dkim("default v=DKIM1; k=rsa; p=" + dkimRSA512), keyed("failed")},
		{"mail-dkim-test", g, Text{"de sleutel staat op proef (t=y)", "the key is on trial (t=y)"}, dkim("default v=DKIM1; k=rsa; t=y; p=" + dkimRSA2048), keyed("warning|failed|info")},
		{"mail-dkim-ed25519", g, Text{"alleen een sleutel van Ed25519", "an Ed25519 key alone"}, dkim("default v=DKIM1; k=ed25519; p=" + dkimEd25519), keyed("passed|info|warning")},
		{"mail-dkim-two", g, Text{"een sleutel van RSA en een van Ed25519", "an RSA key and an Ed25519 key"}, dkim(goodDKIM, "mail v=DKIM1; k=ed25519; p="+dkimEd25519), `
internet.nl 100
peil up_to_standard`},
		{"mail-dkim-one-revoked", g, Text{"een goede sleutel en een ingetrokken sleutel", "a good key and a revoked one"}, dkim(goodDKIM, "mail v=DKIM1; k=rsa; p="), `
internet.nl 100
peil up_to_standard
  mail.dkim.key passed|info`},
		{"mail-dkim-broken", g, Text{"een sleutel die geen sleutel is", "a key that is no key"}, dkim("default v=DKIM1; k=rsa; p=geen*sleutel"), keyed("failed|not_measured|warning")},
		{"mail-dkim-alias", g, Text{"de selector is een alias", "the selector is an alias"}, also(dkim(), "default._domainkey.{d}. 3600 IN CNAME key.{d}.", `key.{d}. 3600 IN TXT "v=DKIM1; k=ed25519; p=`+dkimEd25519+`"`), keyed("passed|info|warning")},
	}
}
