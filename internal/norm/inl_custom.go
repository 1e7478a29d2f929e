package norm

import "peil/internal/fact"

// The custom results of the batch API (catalogue C.5), as functions of what the
// edition found.

// TLS13Support is custom.tls_1_3_support [Q]: an unreachable or untestable server makes
// it undetermined, and so does one that we could not measure ("" for its verdict);
// without a server, or with one whose early data did not apply, it is
// no; else yes, whatever versions the servers speak. servers holds for each its verdict
// on availability and on early data.
func TLS13Support(servers []ServerWords) string {
	for _, s := range servers {
		if s.Available == "other" || s.Available == "could-not-test" || s.Available == "" {
			return "undetermined"
		}
	}
	if len(servers) == 0 {
		return "no"
	}
	for _, s := range servers {
		if s.EarlyData == "na" {
			return "no"
		}
	}
	return "yes"
}

// WebTLS13Support is custom.tls_1_3_support of a website.
func WebTLS13Support(m *fact.Measurement) string { return TLS13Support(inlWeb(newView(m)).servers) }

// ServerWords are the verdict words of one server that TLS13Support reads.
type ServerWords struct{ Available, EarlyData string }

// MailServersTestable is custom.mail_servers_testable_status [Q], from the merged
// verdict of STARTTLS available: every variant of a null MX counts as ok.
func MailServersTestable(available string) string {
	switch available {
	case "other-2":
		return "no_mx"
	case "could-not-test":
		return "untestable"
	case "other":
		return "unreachable"
	}
	return "ok"
}

// MailCustom are the custom results of a mail domain.
type MailCustom struct {
	TLS13Support     string // "yes", "no" or "undetermined"
	NonSendingDomain bool
	ServersTestable  string // "ok", "no_mx", "unreachable" or "untestable"
}

// MailCustomOf are custom.tls_1_3_support, custom.mail_non_sending_domain and
// custom.mail_servers_testable_status of a mail domain. A server that we could not
// measure is untestable.
func MailCustomOf(m *fact.Measurement) MailCustom {
	r := inlMail(newView(m))
	c := MailCustom{TLS13Support: TLS13Support(r.servers), NonSendingDomain: r.tests["auth_dkim_exist"].word == "no-email", ServersTestable: "untestable"}
	if available := r.tests["starttls_tls_available"]; available.gap == "" {
		c.ServersTestable = MailServersTestable(available.word)
	}
	return c
}
