package norm

import (
	"time"

	"peil/internal/fact"
)

// wdoSwitch is the day from which the decree refers to the TLS guidelines of 2025-05
// instead of 2.1.1. It is unset until the amendment is law (catalogue A.3): facts of
// that day and later are then judged by the new tables, earlier ones by the old.
var wdoSwitch time.Time

// wdoEdition is the legal duty since 1 July 2023 (catalogue A.3).
func wdoEdition() *Edition {
	return &Edition{
		Name: "wdo", Version: "2023-07",
		Title: Text{"Besluit beveiligde verbinding", "Decree on secure connections"},
		About: Text{
			"De wettelijke plicht sinds 1 juli 2023: HTTPS, HSTS en TLS-instellingen die volgens de richtlijnen 2.1.1 van het NCSC goed of voldoende zijn. Deze norm toetst de regel, niet of de plicht voor deze organisatie geldt.",
			"The legal duty since 1 July 2023: HTTPS, HSTS and TLS settings that are good or sufficient by the NCSC guidelines 2.1.1. This edition judges the rule, not whether the duty addresses this body.",
		},
		Source:       decree,
		InForce:      time.Date(2023, 7, 1, 0, 0, 0, 0, time.UTC),
		Requirements: requirements(fact.Web, wdoWeb()),
		Reasons:      reasons(),
		Sum:          sumCompliant,
	}
}

// tls211 is where the decree sends whoever asks what TLS must be. Guideline numbers
// follow it only where they could be looked up.
const tls211 = "art. 2(a); NCSC TLS 2.1.1"

func wdoWeb() []row {
	line := func(id, category, section string, title Text, r rule) row {
		src := decree
		src.Section = section
		return row{id, category, Required, Public, title, law, src, r}
	}
	return []row{
		line("wdo.https", "https", "art. 2", Text{"HTTPS", "HTTPS"}, wdoHTTPS),
		line("wdo.redirect", "https", "art. 2(b)", Text{"Doorverwijzing naar HTTPS", "Redirect to HTTPS"}, wdoRedirect),
		line("wdo.hsts", "https", "art. 2", Text{"HSTS", "HSTS"}, wdoHSTS),
		line("wdo.tls.version", "tls", tls211+", B1-1", Text{"TLS-versies", "TLS versions"}, wdoVersion),
		line("wdo.tls.ciphers", "tls", tls211+", B2-1 to B2-4", Text{"TLS-algoritmeselecties", "TLS cipher suites"}, wdoCiphers),
		line("wdo.tls.curves", "tls", tls211, Text{"Krommen voor sleuteluitwisseling", "Curves of the key exchange"}, wdoCurves),
		line("wdo.tls.ffdhe", "tls", tls211, Text{"Eindige velden voor sleuteluitwisseling", "Finite fields of the key exchange"}, wdoFFDHE),
		line("wdo.tls.kexhash", "tls", tls211+", table 5", Text{"Hash bij sleuteluitwisseling", "Hash of the key exchange"}, wdoKexHash),
		line("wdo.tls.compression", "tls", tls211, Text{"TLS-compressie", "TLS compression"}, wdoCompression),
		line("wdo.tls.renegotiation.secure", "tls", tls211, Text{"Veilige heronderhandeling", "Secure renegotiation"}, wdoSecureRenegotiation),
		line("wdo.tls.renegotiation.client", "tls", tls211+", B8-1", Text{"Heronderhandeling door de bezoeker", "Client-initiated renegotiation"}, wdoClientRenegotiation),
		line("wdo.tls.0rtt", "tls", tls211, Text{"TLS 0-RTT", "TLS 0-RTT"}, wdoEarlyData),
		line("wdo.tls.ocsp", "tls", tls211, Text{"OCSP-stapling", "OCSP stapling"}, wdoOCSP),
		line("wdo.tls.ems", "tls", tls211, Text{"Extended Master Secret", "Extended Master Secret"}, wdoEMS),
		line("wdo.cert.key", "certificate", tls211, Text{"Sleutel van het certificaat", "Certificate key"}, wdoCertKey),
		line("wdo.cert.signature", "certificate", tls211+", B3-2", Text{"Handtekening van het certificaat", "Certificate signature"}, wdoCertSignature),
	}
}
