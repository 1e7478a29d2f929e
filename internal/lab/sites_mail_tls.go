package lab

import (
	"slices"
	"strings"
)

// notForMail are changes of TLS and certificates that say nothing of a mail server: HTTP,
// OCSP and early data are not looked at there, names are not asked for, and what differs
// per address is told apart by server.
var notForMail = []string{
	"no-http2", "tls-1-3-over-v4", "early-data", "early-data-rejected", "ocsp-none", "ocsp-good", "ocsp-expired", "ocsp-revoked",
	"ocsp-stranger", "ocsp-malformed", "ocsp-other-certificate", "ocsp-try-later", "sni-required", "sni-other",
}

// mailTLSSites are the faults of TLS and certificates of websites, on mail servers.
func mailTLSSites(base Expect) []entry {
	var list []entry
	for _, table := range [][]entry{tlsSites(), certSites()} {
		for _, e := range table {
			if slices.Contains(notForMail, e.id) {
				continue
			}
			id := "mail-" + e.id
			list = append(list, entry{id, "mail-" + e.group, e.text, e.change, mailTLSExpect(base, e.expect) + mailTLSOwn[e.id]})
		}
	}
	return list
}

// mailTLSExpect reads what was written of a website for a mail server: the names of the
// requirements, and the scores, which are alike (one test lost costs 10 of 140 points in
// one of five categories, as it costs 10 of 150 in one of four). What a mail server is
// not judged by is left out. Where the two differ in more, mailTLSOwn says so.
func mailTLSExpect(base Expect, text string) string {
	rename := strings.NewReplacer(
		"web_https_tls_", "mail_starttls_tls_", "web_https_cert_", "mail_starttls_cert_",
		"web_legacy_tls_ncsc_web", "mail_legacy_start_tls_ncsc", "web_legacy_tls_1_3", "mail_legacy_tls_1_3",
		"web_complete", "mail_complete", "web.dns.caa", "mail.caa", "web.tls.", "mail.tls.", "web.cert.", "mail.cert.",
	)
	var out strings.Builder
	var edition *EditionExpect
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			edition = base[f[0]]
		} else if line = rename.Replace(line); edition != nil && f[0] != "=" {
			if _, known := edition.Requirements[strings.Fields(line)[0]]; !known {
				continue
			}
		}
		if edition == nil { // an edition that has nothing for mail
			continue
		}
		// Trust in a mail server's certificate, and its name, give no points at Internet.nl.
		for _, test := range []string{"mail_starttls_cert_chain", "mail_starttls_cert_domain"} {
			if f := strings.Fields(line); f[0] == test {
				line = "  " + strings.Replace(strings.Join(f[:min(3, len(f))], " "), "failed bad", "info bad", 1)
			}
		}
		out.WriteString("\n" + line)
	}
	return out.String()
}

// A certificate that no known root stands behind: with DANE that is as it may be (RFC
// 7672 section 3.1.1), with MTA-STS it is not (RFC 8461 section 4.2), so how far our own
// edition minds depends on what else the domain has.
const mailUntrusted = `
internet.nl 100
  mail_starttls_cert_chain info bad
peil ?
  mail.cert.* ?
  mail.mtasts ?
  mail.caa ?
  mail.dane.valid passed
forum
  mail_legacy_start_tls_ncsc info
  = mail_complete passed
  = mail_complete_with_ipv6_rpki passed`

// The name counts when a TLSA record of usage 2 stands beside (catalogue B.3).
const mailWrongName = mailUntrusted + `
internet.nl 100
  mail_starttls_cert_domain failed bad
forum
  mail_legacy_start_tls_ncsc failed` + mailIncomplete

// And a signature that is no good, which costs points.
const mailBadSignature = mailUntrusted + `
internet.nl 98
forum
  mail_legacy_start_tls_ncsc failed` + mailIncomplete

// mailTLSOwn is what differs from the website with the same fault.
var mailTLSOwn = map[string]string{
	"cert-stranger": mailUntrusted, "cert-self-signed": mailUntrusted, "cert-leaf-only": mailUntrusted, "cert-expired": mailUntrusted,
	"cert-not-yet-valid": mailUntrusted, "cert-expired-intermediate": mailUntrusted, "cert-client-only": mailUntrusted,
	"cert-bad-signature": mailUntrusted, "sig-sha1": mailBadSignature, "sig-md5": mailBadSignature, "cert-sha1-intermediate": mailBadSignature,
	"cert-wrong-name": mailWrongName, "cert-no-san": mailWrongName,
	"cert-weak-intermediate": `
internet.nl 98
peil ?
  mail.dane.valid passed`,
	// Nobody can tell whether SHA-224 is good enough; the leaf itself matches.
	"sig-sha224": `
peil ?
  mail.dane.valid passed
  mail.cert.trust ?`,
	"sig-rsapss": `
internet.nl 98`,
}
