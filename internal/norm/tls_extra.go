package norm

import (
	"slices"
	"strings"

	"peil/internal/fact"
)

// renegotiationJudge passes a server that refuses, notes one with a limit and warns
// of one without (NCSC TLS 2025-05 section 3.4.2).
func renegotiationJudge(l look) func(*view) Verdict {
	return judgeAspect(l,
		func(_ *view, p parameter) Outcome {
			switch p.c25 {
			case good:
				return Passed
			case sufficient:
				return Info
			}
			return Warning
		},
		func(_ *view, p parameter, o Outcome) Reason {
			if o == Passed {
				return because("no-client-renegotiation")
			}
			return because("client-renegotiation", p.name)
		})
}

var tlsOCSP = topicOCSP.rule(topicOCSP.should, func(l look) func(*view) Verdict {
	return judgeAspect(l,
		func(_ *view, p parameter) Outcome {
			switch p.c25 {
			case good:
				return Passed
			case sufficient:
				return Warning
			}
			return Failed
		},
		func(_ *view, p parameter, o Outcome) Reason {
			switch o {
			case Passed:
				return because("ocsp-stapled")
			case Warning:
				return because("ocsp-not-stapled")
			}
			return because("ocsp-bad-staple", p.name)
		})
})

// tier is the level at which the order of suites is compared. By 2025-05 good and
// sufficient are one: only what is phase-out or insufficient must come after them.
func (g guide) tier(s fact.Suite) class {
	c := g.tables().suites[s]
	if g == ncsc2025 {
		return min(c, sufficient)
	}
	return c
}

func orderRule(g guide, explain Text) rule {
	return rule{
		explain: explain,
		why: Text{
			"De server hoort de sterkste algoritmeselectie te kiezen die de bezoeker ook kent, ook als de bezoeker een zwakkere vooraan zet.",
			"The server should choose the strongest cipher suite that the visitor knows too, even when the visitor puts a weaker one first.",
		},
		fixes: suiteFixes,
		check: "nmap -Pn -p 443 --script ssl-enum-ciphers --script-args tls.servername={name} {nmap} | grep -E 'SSLv|TLSv|TLS_|preference'",
		judge: func(v *view) Verdict {
			return v.eachTLS(func(t *fact.TLS) finding { return judgeOrder(g, t) })
		},
	}
}

var tlsOrder = orderRule(ncsc2025, Text{
	"Als de server zwakkere algoritmeselecties toestaat (uit te faseren of onvoldoende volgens 2025-05), kiest hij toch een goede of voldoende zodra de bezoeker die kent.",
	"When the server allows weaker cipher suites (phase-out or insufficient by 2025-05), it still picks a good or sufficient one as soon as the visitor knows it.",
})

func ncscOrder(g guide) rule {
	if g == ncsc2025 {
		return orderRule(g, Text{"Goed en voldoende gaan voor uit te faseren.", "Good and sufficient go before phase-out."})
	}
	return orderRule(g, Text{"Goed gaat voor voldoende, voldoende voor uit te faseren.", "Good goes before sufficient, sufficient before phase-out."})
}

// judgeOrder looks at preference among the suites that one address accepts.
func judgeOrder(g guide, t *fact.TLS) finding {
	for _, o := range t.Order {
		if len(o.Offered) == 0 || o.Picked == 0 {
			continue
		}
		if better := o.Offered[len(o.Offered)-1]; g.tier(o.Picked) < g.tier(better) {
			return wrongOrder(o.Picked, better)
		}
	}
	mixed, gap := false, unlisted(t).gap
	for i := range t.Suites {
		s := &t.Suites[i]
		tiers := map[class]bool{}
		for _, x := range s.Accepted {
			tiers[g.tier(x)] = true
		}
		if s.AllOpen || slices.ContainsFunc(s.Open, func(x fact.Suite) bool { return !tiers[g.tier(x)] }) && len(tiers) > 0 {
			gap = firstGap(s.Gap) // there may be more to compare
		}
		if len(tiers) < 2 || s.Version == fact.TLS13 && g == ncsc2025 && !tiers[phaseOut] && !tiers[insufficient] {
			continue
		}
		mixed = true
		switch {
		case s.ServerPreference.No():
			return fail(because("client-order", s.Version.String())).with(s.Version.String() + ": the server follows the client's order")
		case s.ServerPreference.Yes() && len(s.Chosen) == len(s.Accepted):
			for j := 1; j < len(s.Chosen); j++ {
				if g.tier(s.Chosen[j-1]) < g.tier(s.Chosen[j]) {
					return wrongOrder(s.Chosen[j-1], s.Chosen[j])
				}
			}
		case !slices.ContainsFunc(t.Order, func(o fact.OrderProbe) bool { return o.Version == s.Version && o.Picked != 0 }):
			gap = s.ServerPreference.Gap
			if gap == "" {
				gap = fact.GapNotAsked
			}
		}
	}
	switch {
	case gap != "":
		return missed(gap)
	case !mixed:
		return none(because("order-nothing-to-compare"))
	}
	return pass(because("order-right"))
}

func wrongOrder(picked, better fact.Suite) finding {
	return fail(because("order-wrong", suiteName(picked), suiteName(better))).with("offered " + suiteName(picked) + " and " + suiteName(better) + ", picked " + suiteName(picked))
}

var tlsNoSNI = rule{
	explain: Text{
		"Een bezoeker die geen naam noemt, wordt geweigerd of krijgt een certificaat dat bij een bekende uitgever hoort; geen zelfgemaakt of verlopen certificaat.",
		"A visitor who gives no name is refused, or gets a certificate of a known issuer; not a self-made or expired one.",
	},
	why: Text{
		"Een zelfgemaakt of verlopen certificaat op hetzelfde adres wijst op een standaardwebsite waar niemand meer naar kijkt.",
		"A self-made or expired certificate on the same address points to a default website that nobody looks after.",
	},
	fixes: []Fix{
		fixFor("nginx", "Weiger wie geen bekende naam noemt.", "Refuse whoever gives no known name.", "server {\n    listen 443 ssl default_server;\n    listen [::]:443 ssl default_server;\n    ssl_reject_handshake on;\n}"),
		fixFor("apache", "Geef de eerste VirtualHost op poort 443 een geldig certificaat: die antwoordt wie geen naam noemt.", "Give the first VirtualHost on port 443 a valid certificate: it answers whoever gives no name.", "SSLCertificateFile /etc/letsencrypt/live/www.example.nl/fullchain.pem\nSSLCertificateKeyFile /etc/letsencrypt/live/www.example.nl/privkey.pem"),
		fixFor("iis", "Geef de standaardbinding een geldig certificaat of haal haar weg.", "Give the default binding a valid certificate or remove it.", "Get-WebBinding -Protocol https | Where-Object { $_.bindingInformation -like '*:443:' } | Remove-WebBinding"),
	},
	check: "openssl s_client -connect {peer} -noservername </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -enddate",
	judge: func(v *view) Verdict {
		return v.eachTLS(func(t *fact.TLS) finding {
			n := t.NoSNI
			switch {
			case n == nil:
				return missed("")
			case n.No():
				return pass(because("no-sni-refused"))
			case n.Missing():
				return missed(n.Gap)
			}
			ch := v.Chain(n.Chain)
			switch {
			case ch == nil:
				return missed("")
			case ch.Trust.Trusted || ch.Trust.PathWithoutName:
				return pass(because("no-sni-trusted"))
			case unchecked(ch):
				return missed(fact.GapUnsupported)
			}
			return warn(because("no-sni-untrusted", distrust(ch))).with("certificate without SNI: " + trustProblem(ch))
		})
	},
}

// hybrid reports whether a group is proof against quantum computers: ML-KEM, alone or
// beside a curve.
func hybrid(g fact.Group) bool { return strings.Contains(g.String(), "MLKEM") }

var tlsPostQuantum = rule{
	explain: Text{
		"De server neemt op TLS 1.3 een sleuteluitwisseling met ML-KEM aan, zoals X25519MLKEM768.",
		"On TLS 1.3 the server accepts a key exchange with ML-KEM, such as X25519MLKEM768.",
	},
	why: Text{
		"Wat nu wordt opgenomen, kan later met een quantumcomputer worden gelezen.",
		"What is recorded now can be read later with a quantum computer.",
	},
	fixes: []Fix{
		fixFor("nginx", "Met OpenSSL 3.5 of nieuwer: zet X25519MLKEM768 vooraan.", "With OpenSSL 3.5 or newer: put X25519MLKEM768 first.", "ssl_ecdh_curve "+hybridGroups+";"),
		fixFor("apache", "Met OpenSSL 3.5 of nieuwer: zet X25519MLKEM768 vooraan.", "With OpenSSL 3.5 or newer: put X25519MLKEM768 first.", "SSLOpenSSLConfCmd Groups "+hybridGroups),
	},
	check: "openssl s_client -connect {peer} -servername {name} -tls1_3 -groups X25519MLKEM768 </dev/null 2>&1 | grep -E 'Negotiated|rror'",
	judge: func(v *view) Verdict {
		return v.eachTLS(func(t *fact.TLS) finding {
			if speaks(t, fact.TLS13).No() {
				return fail(because("no-tls13")).with("TLS 1.3 declined")
			}
			for i := range t.Groups {
				s := &t.Groups[i]
				if s.Version != fact.TLS13 {
					continue
				}
				for _, g := range s.Accepted {
					if hybrid(g) {
						return pass(because("post-quantum", g.String()))
					}
				}
				if s.AllOpen || slices.ContainsFunc(s.Open, hybrid) {
					return missed(s.Gap)
				}
				return fail(because("no-post-quantum")).with("groups with ML-KEM declined")
			}
			return missed("")
		})
	},
}

// tlsGood takes every side of TLS that has a class good in the guideline of 2025-05;
// of certificates none is good yet.
var tlsGood = rule{
	explain: Text{
		"Alle instellingen van TLS zijn goed volgens de richtlijn 2025-05: alleen TLS 1.3, alleen AES-256-GCM en ChaCha20, alleen hybride sleuteluitwisseling met ML-KEM. Het certificaat telt niet mee: daarvan is nog niets goed.",
		"All settings of TLS are good by the guideline 2025-05: TLS 1.3 alone, AES-256-GCM and ChaCha20 alone, hybrid key exchange with ML-KEM alone. The certificate does not count: nothing of it is good yet.",
	},
	why: Text{
		"Zo kan ook een bezoeker met oude software niet op een zwakkere verbinding uitkomen. Dat sluit nu nog bezoekers uit: doe het waar u de bezoekers kent.",
		"Even a visitor with old software cannot end up on a weaker connection. That still shuts visitors out: do it where you know your visitors.",
	},
	fixes: []Fix{
		fixFor("nginx", "Alleen TLS 1.3 met hybride groepen (OpenSSL 3.5 of nieuwer).", "TLS 1.3 alone with hybrid groups (OpenSSL 3.5 or newer).", "ssl_protocols TLSv1.3;\nssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256;\nssl_ecdh_curve X25519MLKEM768:SecP256r1MLKEM768;"),
		fixFor("apache", "Alleen TLS 1.3 met hybride groepen (OpenSSL 3.5 of nieuwer).", "TLS 1.3 alone with hybrid groups (OpenSSL 3.5 or newer).", "SSLProtocol -all +TLSv1.3\nSSLCipherSuite TLSv1.3 TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256\nSSLOpenSSLConfCmd Groups X25519MLKEM768:SecP256r1MLKEM768"),
	},
	check: topicSuites.check,
	judge: judgeAspect(
		func(v *view, t *fact.TLS) aspect {
			var all aspect
			for _, l := range []look{lookVersions, lookSuites, lookKeyExchange, lookKexHash, lookCompression, lookSecureRenegotiation, lookClientRenegotiation, lookEarlyData, lookEMS} {
				a := l(v, t)
				all.seen, all.open = append(all.seen, a.seen...), append(all.open, a.open...)
				if all.gap == "" {
					all.gap = a.gap
				}
			}
			return all
		},
		func(_ *view, p parameter) Outcome {
			if p.c25 == good {
				return Passed
			}
			return Failed
		},
		func(_ *view, p parameter, o Outcome) Reason {
			if o == Passed {
				return because("all-good")
			}
			return because("not-all-good", p.name)
		}),
}
