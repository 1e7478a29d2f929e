package norm

import (
	"time"
)

// guide is one version of the TLS guidelines of the NCSC.
type guide string

// The versions that Peil has the tables of.
const (
	ncsc2021 guide = "2021"
	ncsc2025 guide = "2025"
)

// ncscEdition holds every table of a version of the guidelines (catalogue A.3).
func ncscEdition(g guide) *Edition {
	e := &Edition{
		Name: "ncsc-tls-2021", Version: "2.1",
		Title:     Text{"TLS-richtlijnen van het NCSC, 2.1", "NCSC TLS guidelines, 2.1"},
		Source:    ncsc21(""),
		Announced: time.Date(2021, 1, 19, 0, 0, 0, 0, time.UTC),
	}
	if g == ncsc2025 {
		e.Name, e.Version = "ncsc-tls-2025", "2025-05"
		e.Title = Text{"TLS-richtlijnen van het NCSC, 2025-05", "NCSC TLS guidelines, 2025-05"}
		e.Source = ncsc("")
		e.Announced = time.Time{} // its name has the month, of which no day could be found
	}
	e.About = Text{
		"Elke tabel van de richtlijnen. Onvoldoende geeft niet geslaagd, uit te faseren geeft een waarschuwing, voldoende en goed zijn geslaagd; bij elk onderdeel staat de klasse.",
		"Every table of the guidelines. Insufficient fails, phase-out warns, sufficient and good pass; each part is shown with its class.",
	}
	e.Requirements = requirements("", ncscRows(g)) // websites and mail servers alike
	e.Reasons = reasons()
	e.Sum = sumCompliant
	return e
}

// ncsc21 is the guideline that ncsc replaced, and that the decree names. A section is
// numbered only where the number could be looked up (the NCSC's announcement of 2.1 names
// B1-1, B2-5 and B8-1, texts of Internet.nl B6-1); else it is the table's subject.
func ncsc21(section string) Source {
	return Source{Name: "NCSC TLS 2.1", Section: section, URL: "https://english.ncsc.nl/publications/publications/2021/january/19/it-security-guidelines-for-transport-layer-security-2.1"}
}

func ncscRows(g guide) []row {
	because := Text{"De richtlijn deelt elke instelling in.", "The guideline classes every setting."}
	line := func(id, category, s21, s25 string, title Text, r func(guide) rule) row {
		src := ncsc21(s21)
		if g == ncsc2025 {
			src = ncsc(s25)
		}
		return row{id, category, Required, Public, title, because, src, r(g)}
	}
	rows := []row{
		line("tls.version", "tls", "B1-1", "3.3.1", Text{"Versies", "Versions"}, ncscVersion),
		line("tls.ciphers", "tls", "B2-1 to B2-4", "app. B", Text{"Algoritmeselecties", "Cipher suites"}, ncscCiphers),
		line("tls.order", "tls", "B2-5", "app. B", Text{"Volgorde van algoritmeselecties", "Order of cipher suites"}, ncscOrder),
		line("tls.keyexchange", "tls", "table on key exchange", "3.3.3", Text{"Soort sleuteluitwisseling", "Kind of key exchange"}, ncscKeyExchange),
		line("tls.keyexchange.curves", "tls", "table on elliptic curves", "3.3.3", Text{"Krommen voor sleuteluitwisseling", "Curves of the key exchange"}, ncscCurves),
		line("tls.keyexchange.ffdhe", "tls", "B6-1", "3.3.3", Text{"Eindige velden voor sleuteluitwisseling", "Finite fields of the key exchange"}, ncscFFDHE),
		line("tls.kexhash", "tls", "table 5", "3.3.5", Text{"Hash bij sleuteluitwisseling", "Hash of the key exchange"}, ncscKexHash),
		line("tls.cert.algorithm", "certificate", "table on certificates", "table on certificates", Text{"Soort certificaat", "Kind of certificate"}, ncscCertAlgorithm),
		line("tls.cert.key", "certificate", "tables on RSA keys and elliptic curves", "3.3.2.1", Text{"Sleutel van het certificaat", "Certificate key"}, ncscCertKey),
		line("tls.cert.signature", "certificate", "B3-2", "3.3.5", Text{"Handtekening van het certificaat", "Certificate signature"}, ncscCertSignature),
		line("tls.compression", "tls", "table on compression", "3.4.1", Text{"Compressie", "Compression"}, ncscCompression),
		line("tls.renegotiation.secure", "tls", "table on renegotiation", "3.4.2", Text{"Veilige heronderhandeling", "Secure renegotiation"}, ncscSecureRenegotiation),
		line("tls.renegotiation.client", "tls", "B8-1", "3.4.2", Text{"Heronderhandeling door de bezoeker", "Client-initiated renegotiation"}, ncscClientRenegotiation),
		line("tls.0rtt", "tls", "table on 0-RTT", "3.4.4", Text{"0-RTT", "0-RTT"}, ncscEarlyData),
		line("tls.ocsp", "tls", "table on OCSP stapling", "3.4.5", Text{"OCSP-stapling", "OCSP stapling"}, ncscOCSP),
	}
	if g == ncsc2025 {
		rows = append(rows, line("tls.ems", "tls", "", "4.1", Text{"Extended Master Secret", "Extended Master Secret"}, ncscEMS))
	}
	return rows
}
