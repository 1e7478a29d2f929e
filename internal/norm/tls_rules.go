package norm

// topic is one side of TLS: how it is read, and its words in each edition.
type topic struct {
	look  look
	why   Text
	fixes []Fix
	check string

	must   Text // what peil asks as a must
	should Text // what peil asks as a should
	law    Text // what wdo asks
	t21    Text // the table of 2.1
	t25    Text // the table of 2025-05
}

func (t topic) rule(explain Text, judge func(look) func(*view) Verdict) rule {
	return rule{explain: explain, why: t.why, fixes: t.fixes, check: t.check, judge: judge(t.look)}
}

func (t topic) inGuide(g guide) rule {
	explain := t.t21
	if g == ncsc2025 {
		explain = t.t25
	}
	return t.rule(explain, func(l look) func(*view) Verdict { return ncscJudge(g, l) })
}

// The settings that give only sufficient and good parameters by 2025-05.
const (
	opensslSuites = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256"
	opensslGroups = "X25519:prime256v1:secp384r1"
	hybridGroups  = "X25519MLKEM768:" + opensslGroups // OpenSSL 3.5 or newer; an older one refuses to start on it
	opensslHashes = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"
)

var (
	versionFixes = []Fix{
		fixFor("nginx", "Zet alleen TLS 1.2 en 1.3 aan.", "Switch on TLS 1.2 and 1.3 only.", "ssl_protocols TLSv1.2 TLSv1.3;"),
		fixFor("apache", "Zet alleen TLS 1.2 en 1.3 aan.", "Switch on TLS 1.2 and 1.3 only.", "SSLProtocol -all +TLSv1.2 +TLSv1.3"),
		fixFor("iis", "Zet de oude versies uit in het register en herstart (ook voor SSL 2.0, SSL 3.0 en TLS 1.1).", "Switch off the old versions in the registry and restart (for SSL 2.0, SSL 3.0 and TLS 1.1 too).",
			`reg add "HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.0\Server" /v Enabled /t REG_DWORD /d 0`),
	}
	suiteFixes = []Fix{
		fixFor("nginx", "Sta voor TLS 1.2 alleen deze algoritmeselecties toe.", "Allow only these cipher suites for TLS 1.2.", "ssl_ciphers "+opensslSuites+";\nssl_prefer_server_ciphers on;"),
		fixFor("apache", "Sta voor TLS 1.2 alleen deze algoritmeselecties toe.", "Allow only these cipher suites for TLS 1.2.", "SSLCipherSuite "+opensslSuites+"\nSSLHonorCipherOrder on"),
		fixFor("iis", "Zet elke andere algoritmeselectie uit (PowerShell).", "Switch off every other cipher suite (PowerShell).",
			"Get-TlsCipherSuite | Where-Object Name -match '_CBC_|^TLS_RSA_|^TLS_DHE_|_NULL_|_PSK_|RC4|3DES' |\n  ForEach-Object { Disable-TlsCipherSuite -Name $_.Name }"),
	}
	groupFixes = []Fix{
		fixFor("nginx", "Noem de krommen; DHE gaat uit met de algoritmeselecties.", "Name the curves; DHE goes with the cipher suites.", "ssl_ecdh_curve "+opensslGroups+";\nssl_ciphers "+opensslSuites+";"),
		fixFor("apache", "Noem de krommen; DHE gaat uit met de algoritmeselecties.", "Name the curves; DHE goes with the cipher suites.", "SSLOpenSSLConfCmd Groups "+opensslGroups+"\nSSLCipherSuite "+opensslSuites),
		fixFor("iis", "Zet andere krommen en DHE uit (PowerShell).", "Switch off other curves and DHE (PowerShell).",
			"Get-TlsEccCurve | Where-Object { $_ -notin 'curve25519','NistP256','NistP384' } | ForEach-Object { Disable-TlsEccCurve $_ }\nGet-TlsCipherSuite | Where-Object Name -like 'TLS_DHE_*' | ForEach-Object { Disable-TlsCipherSuite -Name $_.Name }"),
	}
	hashFixes = []Fix{
		fixFor("nginx", "Noem de handtekeningen die mogen.", "Name the signatures that are allowed.", "ssl_conf_command SignatureAlgorithms "+opensslHashes+";"),
		fixFor("apache", "Noem de handtekeningen die mogen.", "Name the signatures that are allowed.", "SSLOpenSSLConfCmd SignatureAlgorithms "+opensslHashes),
		fixFor("iis", "Zet SHA-1 uit in het groepsbeleid voor TLS (vanaf Windows Server 2022), of gebruik alleen TLS 1.3.", "Switch SHA-1 off in the group policy for TLS (from Windows Server 2022), or use TLS 1.3 alone.", ""),
	}
	updateFixes = []Fix{
		fixFor("", "Werk de webserver en zijn TLS-bibliotheek bij: elke versie die nog onderhouden wordt, doet dit uit zichzelf goed.", "Update the web server and its TLS library: every version that is still maintained gets this right by itself.", "apt-get update && apt-get install --only-upgrade openssl libssl3 nginx apache2"),
		fixFor("apache", "Zet deze instellingen niet op 'on' (dit is de standaard).", "Do not set these to 'on' (these are the defaults).", "SSLCompression off\nSSLInsecureRenegotiation off"),
		fixFor("iis", "Werk Windows bij.", "Update Windows.", ""),
	}
	certificateFixes = []Fix{
		fixFor("", "Vraag een certificaat aan met een sleutel op P-256 of P-384, of RSA vanaf 3072 bits.", "Ask for a certificate with a key on P-256 or P-384, or RSA from 3072 bits.", "certbot certonly --key-type ecdsa --elliptic-curve secp384r1 -d www.example.nl"),
	}
)

var topicVersion = topic{
	look: lookVersions,
	why: Text{
		"In oude versies van TLS zitten fouten waarmee een aanvaller kan meelezen of een verbinding kan verzwakken.",
		"Old versions of TLS have flaws by which an attacker can read along or weaken a connection.",
	},
	fixes: versionFixes, check: "sslscan --no-colour --sni-name={name} {peer} | grep 'abled$'",
	must: Text{"Alleen TLS 1.2 en 1.3 worden aangeboden: 1.1, 1.0, SSL 3.0 en SSL 2.0 zijn onvoldoende.", "Only TLS 1.2 and 1.3 are offered: 1.1, 1.0, SSL 3.0 and SSL 2.0 are insufficient."},
	law:  Text{"Alleen TLS 1.2 en 1.3: in 2.1.1 zijn 1.1 en 1.0 uit te faseren en SSL onvoldoende.", "Only TLS 1.2 and 1.3: in 2.1.1, 1.1 and 1.0 are phase-out and SSL is insufficient."},
	t21:  Text{"Goed: 1.3. Voldoende: 1.2. Uit te faseren: 1.1, 1.0. Onvoldoende: SSL 3.0, 2.0.", "Good: 1.3. Sufficient: 1.2. Phase-out: 1.1, 1.0. Insufficient: SSL 3.0, 2.0."},
	t25:  Text{"Goed: 1.3. Voldoende: 1.2. Onvoldoende: 1.1, 1.0, SSL.", "Good: 1.3. Sufficient: 1.2. Insufficient: 1.1, 1.0, SSL."},
}

var topicSuites = topic{
	look: lookSuites,
	why: Text{
		"De algoritmeselectie bepaalt hoe de verbinding wordt versleuteld. Een zwakke selectie die de server toestaat, kan een aanvaller laten kiezen.",
		"The cipher suite decides how the connection is encrypted. A weak one that the server allows can be chosen by an attacker.",
	},
	fixes: suiteFixes, check: "nmap -Pn -p 443 --script ssl-enum-ciphers --script-args tls.servername={name} {nmap}",
	must:   Text{"Geen enkele aangeboden algoritmeselectie is onvoldoende volgens de richtlijn 2025-05 of in strijd met de wet, in elke versie van TLS en op elk adres.", "No cipher suite that is offered is insufficient by the guideline 2025-05 or against the law, in each version of TLS and on each address."},
	should: Text{"Geen enkele aangeboden algoritmeselectie is uit te faseren volgens de richtlijn 2025-05 (CBC, DHE, Camellia, ARIA).", "No cipher suite that is offered is phase-out by the guideline 2025-05 (CBC, DHE, Camellia, ARIA)."},
	law:    Text{"Elke aangeboden algoritmeselectie is goed of voldoende in 2.1.1.", "Each cipher suite that is offered is good or sufficient in 2.1.1."},
	t21:    Text{"Goed: ECDHE met AES-GCM of ChaCha20. Voldoende: ECDHE met AES-CBC, DHE-RSA met AES of ChaCha20. Uit te faseren: RSA met AES, 3DES. Onvoldoende: al het andere.", "Good: ECDHE with AES-GCM or ChaCha20. Sufficient: ECDHE with AES-CBC, DHE-RSA with AES or ChaCha20. Phase-out: RSA with AES, 3DES. Insufficient: all else."},
	t25:    Text{"Goed: AES-256-GCM en ChaCha20 van TLS 1.3. Voldoende: AES-128-GCM en CCM van TLS 1.3, ECDHE met AEAD. Uit te faseren: ECDHE met CBC-SHA2, Camellia, ARIA; DHE-RSA. Onvoldoende: al het andere.", "Good: AES-256-GCM and ChaCha20 of TLS 1.3. Sufficient: AES-128-GCM and CCM of TLS 1.3, ECDHE with AEAD. Phase-out: ECDHE with CBC-SHA2, Camellia, ARIA; DHE-RSA. Insufficient: all else."},
}

var keyExchangeWhy = Text{
	"Met de sleuteluitwisseling spreken bezoeker en website een geheim af. Is zij zwak, dan is later alles te lezen wat nu wordt opgenomen.",
	"By the key exchange visitor and website agree on a secret. If it is weak, all that is recorded now can be read later.",
}

const groupCheck = "sslscan --no-colour --sni-name={name} {peer} | grep -E 'DHE|^TLSv1.. .*bits'; openssl s_client -connect {peer} -servername {name} -tls1_2 -groups P-192:P-224:secp256k1:P-256 -cipher ALL:@SECLEVEL=0 </dev/null 2>/dev/null | grep 'Temp Key'"

var topicKeyExchange = topic{
	look: lookKeyExchange, why: keyExchangeWhy, fixes: groupFixes, check: groupCheck,
	must:   Text{"Geen enkele kromme of DH-groep die de server aanneemt, is onvoldoende volgens de richtlijn 2025-05 (andere krommen, ffdhe2048, zelfgemaakte groepen) of in strijd met de wet.", "No curve or DH group that the server accepts is insufficient by the guideline 2025-05 (other curves, ffdhe2048, groups of one's own) or against the law."},
	should: Text{"Geen enkele kromme of DH-groep is uit te faseren volgens de richtlijn 2025-05 (secp224r1, alle DHE).", "No curve or DH group is phase-out by the guideline 2025-05 (secp224r1, all DHE)."},
}

var topicCurves = topic{
	look: lookCurves, why: keyExchangeWhy, fixes: groupFixes, check: groupCheck,
	law: Text{"Elke kromme is goed of voldoende in 2.1.1: secp384r1, secp256r1, x448, x25519. Een hybride groep telt als zijn klassieke helft.", "Each curve is good or sufficient in 2.1.1: secp384r1, secp256r1, x448, x25519. A hybrid group counts as its classical half."},
	t21: Text{"Goed: secp384r1, secp256r1, x448, x25519 (een hybride groep als zijn klassieke helft). Uit te faseren: secp224r1. Onvoldoende: andere.", "Good: secp384r1, secp256r1, x448, x25519 (a hybrid group as its classical half). Phase-out: secp224r1. Insufficient: others."},
	t25: Text{"Goed: hybriden met ML-KEM. Voldoende: secp521r1, secp384r1, secp256r1, x448, x25519, brainpool. Uit te faseren: secp224r1. Onvoldoende: andere.", "Good: hybrids with ML-KEM. Sufficient: secp521r1, secp384r1, secp256r1, x448, x25519, brainpool. Phase-out: secp224r1. Insufficient: others."},
}

var topicFFDHE = topic{
	look: lookFFDHE, why: keyExchangeWhy, fixes: groupFixes, check: "openssl s_client -connect {peer} -servername {name} -tls1_2 -cipher DHE:@SECLEVEL=0 </dev/null 2>/dev/null | grep -E 'Temp Key|^New'",
	law: Text{"Elke DH-groep is goed of voldoende in 2.1.1: ffdhe3072, 4096, 6144 of 8192.", "Each DH group is good or sufficient in 2.1.1: ffdhe3072, 4096, 6144 or 8192."},
	t21: Text{"Voldoende: ffdhe3072, 4096, 6144, 8192. Uit te faseren: ffdhe2048. Onvoldoende: andere en zelfgemaakte.", "Sufficient: ffdhe3072, 4096, 6144, 8192. Phase-out: ffdhe2048. Insufficient: others and self-generated."},
	t25: Text{"Uit te faseren: ffdhe3072, 4096, 6144, 8192. Onvoldoende: ffdhe2048, andere en zelfgemaakte.", "Phase-out: ffdhe3072, 4096, 6144, 8192. Insufficient: ffdhe2048, others and self-generated."},
}

var topicKind = topic{
	look: lookKind, why: keyExchangeWhy, fixes: suiteFixes, check: topicSuites.check,
	t21: Text{"Goed: ECDHE. Voldoende: DHE. Uit te faseren: RSA. Onvoldoende: andere (vaste DH en ECDH, PSK, anoniem).", "Good: ECDHE. Sufficient: DHE. Phase-out: RSA. Insufficient: others (static DH and ECDH, PSK, anonymous)."},
	t25: Text{"Goed: hybride met ML-KEM. Voldoende: ECDHE. Uit te faseren: DHE. Onvoldoende: RSA, vaste DH en ECDH, andere.", "Good: hybrid with ML-KEM. Sufficient: ECDHE. Phase-out: DHE. Insufficient: RSA, static DH and ECDH, others."},
}

var topicKexHash = topic{
	look: lookKexHash,
	why: Text{
		"De server zet een handtekening onder de sleuteluitwisseling. Met een zwakke hash is die handtekening na te maken.",
		"The server signs the key exchange. With a weak hash that signature can be forged.",
	},
	fixes: hashFixes, check: "for s in RSA+SHA1:ECDSA+SHA1 RSA+SHA224:ECDSA+SHA224 RSA+SHA256:ECDSA+SHA256:RSA+SHA384:ECDSA+SHA384:RSA+SHA512:ECDSA+SHA512; do echo $s; openssl s_client -connect {peer} -servername {name} -tls1_2 -sigalgs $s -cipher ALL:@SECLEVEL=0 </dev/null 2>/dev/null | grep -E 'Peer signing digest|^New'; done",
	must:   Text{"De server tekent de sleuteluitwisseling nooit met SHA-1 of MD5, en kan het met SHA-256, 384 of 512.", "The server never signs the key exchange with SHA-1 or MD5, and can do so with SHA-256, 384 or 512."},
	should: Text{"De server tekent de sleuteluitwisseling niet met SHA-224.", "The server does not sign the key exchange with SHA-224."},
	law:    Text{"De server kan de sleuteluitwisseling tekenen met SHA-256, 384 of 512.", "The server can sign the key exchange with SHA-256, 384 or 512."},
	t21:    Text{"Goed: SHA-256, 384 of 512 mogelijk. Uit te faseren: niet mogelijk.", "Good: SHA-256, 384 or 512 possible. Phase-out: not possible."},
	t25:    Text{"Goed: SHA-256, 384, 512. Uit te faseren: SHA-224. Onvoldoende: SHA-1, MD5.", "Good: SHA-256, 384, 512. Phase-out: SHA-224. Insufficient: SHA-1, MD5."},
}

var topicCompression = topic{
	look: lookCompression,
	why: Text{
		"Met compressie in TLS kan een aanvaller geheimen uit de lengte van berichten afleiden (CRIME).",
		"With compression in TLS an attacker can infer secrets from the length of messages (CRIME).",
	},
	fixes: updateFixes, check: "nmap -Pn -p 443 --script ssl-enum-ciphers --script-args tls.servername={name} {nmap} | grep -A 1 compressors",
	must: Text{"De server gebruikt geen compressie van TLS.", "The server uses no compression of TLS."},
	law:  Text{"De server gebruikt geen compressie van TLS.", "The server uses no compression of TLS."},
	t21:  Text{"Goed: geen compressie. Voldoende: compressie van HTTP. Onvoldoende: compressie van TLS.", "Good: no compression. Sufficient: compression of HTTP. Insufficient: compression of TLS."},
	t25:  Text{"Goed: geen compressie. Onvoldoende: compressie van TLS.", "Good: no compression. Insufficient: compression of TLS."},
}

var topicSecureRenegotiation = topic{
	look: lookSecureRenegotiation,
	why: Text{
		"Zonder veilige heronderhandeling kan een aanvaller eigen tekst voor die van de bezoeker zetten.",
		"Without secure renegotiation an attacker can put text of his own before that of the visitor.",
	},
	fixes: updateFixes, check: "openssl s_client -connect {peer} -servername {name} -tls1_2 </dev/null 2>/dev/null | grep 'Secure Renegotiation'",
	must: Text{"De server kent veilige heronderhandeling (RFC 5746), tenzij hij alleen TLS 1.3 spreekt.", "The server knows secure renegotiation (RFC 5746), unless it speaks TLS 1.3 alone."},
	law:  Text{"Onveilige heronderhandeling is uit.", "Insecure renegotiation is off."},
	t21:  Text{"Goed: onveilige heronderhandeling uit. Onvoldoende: aan.", "Good: insecure renegotiation off. Insufficient: on."},
	t25:  Text{"Goed: onveilige heronderhandeling uit. Onvoldoende: aan.", "Good: insecure renegotiation off. Insufficient: on."},
}

var topicClientRenegotiation = topic{
	look: lookClientRenegotiation,
	why: Text{
		"Elke heronderhandeling kost de server veel meer werk dan zij de bezoeker kost: zo kan één computer een server bezighouden.",
		"Each renegotiation costs the server far more work than the visitor: one computer can keep a server busy that way.",
	},
	fixes: updateFixes, check: "(echo R; sleep 2) | openssl s_client -connect {peer} -servername {name} -tls1_2 2>&1 | grep -A 5 RENEGOTIATING",
	should: Text{"Een bezoeker kan niet zonder grens om heronderhandeling vragen: tot tien keer is voldoende, elf keer is uit te faseren.", "A visitor cannot ask for renegotiation without limit: up to ten times is sufficient, eleven times is phase-out."},
	law:    Text{"Heronderhandeling door de bezoeker: uit is goed, aan is voldoende.", "Renegotiation by the visitor: off is good, on is sufficient."},
	t21:    Text{"Goed: uit, of alleen TLS 1.3. Voldoende: aan.", "Good: off, or TLS 1.3 alone. Sufficient: on."},
	t25:    Text{"Goed: uit, of alleen TLS 1.3. Voldoende: begrensd (tot tien keer). Uit te faseren: zonder grens.", "Good: off, or TLS 1.3 alone. Sufficient: limited (up to ten times). Phase-out: without limit."},
}

var topicEarlyData = topic{
	look: lookEarlyData,
	why: Text{
		"Gegevens die met 0-RTT komen, kan een aanvaller herhalen: een opdracht wordt dan twee keer uitgevoerd.",
		"Data that comes by 0-RTT can be replayed by an attacker: an order is then carried out twice.",
	},
	fixes: []Fix{
		fixFor("nginx", "Zet 0-RTT uit.", "Switch 0-RTT off.", "ssl_early_data off;"),
		fixFor("", "Zet 0-RTT (early data) uit bij de CDN of load balancer.", "Switch 0-RTT (early data) off at the CDN or load balancer.", ""),
	},
	check: "sleep 1 | openssl s_client -connect {peer} -servername {name} -tls1_3 -sess_out s.pem >/dev/null 2>&1; printf 'GET / HTTP/1.1\\r\\nHost: {name}\\r\\n\\r\\n' > early.txt; openssl s_client -connect {peer} -servername {name} -tls1_3 -sess_in s.pem -early_data early.txt </dev/null 2>/dev/null | grep 'Early data'",
	must:  Text{"De server neemt geen gegevens aan voordat de handshake klaar is (0-RTT).", "The server accepts no data before the handshake is finished (0-RTT)."},
	law:   Text{"0-RTT is uit.", "0-RTT is off."},
	t21:   Text{"Goed: 0-RTT uit. Onvoldoende: aan.", "Good: 0-RTT off. Insufficient: on."},
	t25:   Text{"Goed: 0-RTT uit. Onvoldoende: aan.", "Good: 0-RTT off. Insufficient: on."},
}

var topicEMS = topic{
	look: lookEMS,
	why: Text{
		"Zonder Extended Master Secret kan een aanvaller twee verbindingen met hetzelfde geheim maken en zich ertussen zetten.",
		"Without Extended Master Secret an attacker can make two connections with the same secret and sit between them.",
	},
	fixes: updateFixes, check: "openssl s_client -connect {peer} -servername {name} -tls1_2 </dev/null 2>/dev/null | grep 'Extended master secret'",
	must: Text{"Op TLS 1.2 gebruikt de server Extended Master Secret (RFC 7627).", "On TLS 1.2 the server uses Extended Master Secret (RFC 7627)."},
	law:  Text{"Pas vanaf de richtlijn 2025-05: Extended Master Secret op TLS 1.2.", "From the guideline 2025-05 only: Extended Master Secret on TLS 1.2."},
	t25:  Text{"Op TLS 1.2 is Extended Master Secret (RFC 7627) nodig.", "On TLS 1.2 Extended Master Secret (RFC 7627) is needed."},
}

var topicOCSP = topic{
	look: lookOCSP,
	why: Text{
		"Met OCSP-stapling bewijst de website zelf dat haar certificaat niet is ingetrokken; de bezoeker hoeft het nergens na te vragen.",
		"With OCSP stapling the website itself proves that its certificate is not revoked; the visitor need not ask elsewhere.",
	},
	fixes: []Fix{
		fixFor("nginx", "Zet stapling aan.", "Switch stapling on.", "ssl_stapling on;\nssl_stapling_verify on;\nssl_trusted_certificate /etc/ssl/chain.pem;"),
		fixFor("apache", "Zet stapling aan.", "Switch stapling on.", "SSLUseStapling on\nSSLStaplingCache shmcb:/run/apache2/stapling(32768)"),
		fixFor("iis", "Stapling staat aan; laat de server bij de OCSP-server van de uitgever kunnen.", "Stapling is on; let the server reach the OCSP server of the issuer.", ""),
	},
	check:  "openssl s_client -connect {peer} -servername {name} -status </dev/null 2>/dev/null | grep -A 22 'OCSP response'",
	law:    Text{"OCSP-stapling: aan is goed, uit is voldoende.", "OCSP stapling: on is good, off is sufficient."},
	t21:    Text{"Goed: aan. Voldoende: uit.", "Good: on. Sufficient: off."},
	t25:    Text{"Goed: geldig antwoord meegestuurd, of geen verwijzing naar OCSP in het certificaat. Voldoende: wel een verwijzing, geen antwoord. Onvoldoende: een ongeldig antwoord.", "Good: a valid answer stapled, or no pointer to OCSP in the certificate. Sufficient: a pointer and no staple. Insufficient: an invalid staple."},
	should: Text{"Als het certificaat naar OCSP verwijst, stuurt de server een geldig antwoord mee.", "When the certificate points to OCSP, the server staples a valid answer."},
}

const certCheck = "for s in ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448 RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512; do openssl s_client -connect {peer} -servername {name} -sigalgs $s -showcerts </dev/null 2>/dev/null | openssl crl2pkcs7 -nocrl -certfile /dev/stdin 2>/dev/null | openssl pkcs7 -print_certs -noout -text | grep -E 'Subject:|Signature Algorithm|Public.Key|NIST|ASN1 OID'; done"

var topicCertKey = topic{
	look: lookCertKey,
	why: Text{
		"Met een zwakke sleutel kan een ander zich voordoen als de website.",
		"With a weak key someone else can pose as the website.",
	},
	fixes: certificateFixes, check: certCheck,
	must:   Text{"De sleutel van elk meegestuurd certificaat, behalve bekende wortels, is niet onvoldoende volgens 2025-05 en niet in strijd met de wet: RSA vanaf 2048 bits, P-256 of P-384.", "The key of each certificate that is sent, known roots apart, is not insufficient by 2025-05 and not against the law: RSA from 2048 bits, P-256 or P-384."},
	should: Text{"Geen sleutel van een meegestuurd certificaat is uit te faseren volgens 2025-05 (RSA onder 3072 bits, P-224).", "No key of a certificate that is sent is phase-out by 2025-05 (RSA below 3072 bits, P-224)."},
	law:    Text{"De sleutel van elk certificaat is goed of voldoende in 2.1.1: RSA vanaf 2048 bits, P-384 of P-256.", "The key of each certificate is good or sufficient in 2.1.1: RSA from 2048 bits, P-384 or P-256."},
	t21:    Text{"Goed: RSA vanaf 3072 bits, P-384, P-256. Voldoende: RSA vanaf 2048. Uit te faseren: P-224. Onvoldoende: andere.", "Good: RSA from 3072 bits, P-384, P-256. Sufficient: RSA from 2048. Phase-out: P-224. Insufficient: others."},
	t25:    Text{"Voldoende: RSA vanaf 3072 bits, P-521, P-384, P-256, brainpool, Ed25519, Ed448. Uit te faseren: RSA vanaf 2048, P-224. Onvoldoende: andere.", "Sufficient: RSA from 3072 bits, P-521, P-384, P-256, brainpool, Ed25519, Ed448. Phase-out: RSA from 2048, P-224. Insufficient: others."},
}

var topicCertSignature = topic{
	look: lookCertSignature,
	why: Text{
		"Met een zwakke hash is een certificaat na te maken.",
		"With a weak hash a certificate can be forged.",
	},
	fixes: certificateFixes, check: certCheck,
	must:   Text{"Elk meegestuurd certificaat, behalve bekende wortels, is ondertekend met SHA-256, SHA-384 of SHA-512 (SHA-224 is in strijd met de wet).", "Each certificate that is sent, known roots apart, is signed with SHA-256, SHA-384 or SHA-512 (SHA-224 is against the law)."},
	should: Text{"Geen meegestuurd certificaat is ondertekend met SHA-224.", "No certificate that is sent is signed with SHA-224."},
	law:    Text{"Elk certificaat is ondertekend met SHA-256, SHA-384 of SHA-512.", "Each certificate is signed with SHA-256, SHA-384 or SHA-512."},
	t21:    Text{"Goed: SHA-256, SHA-384, SHA-512. Onvoldoende: andere.", "Good: SHA-256, SHA-384, SHA-512. Insufficient: others."},
	t25:    Text{"Goed: SHA-256, SHA-384, SHA-512. Voldoende: Ed25519, Ed448. Uit te faseren: SHA-224. Onvoldoende: andere.", "Good: SHA-256, SHA-384, SHA-512. Sufficient: Ed25519, Ed448. Phase-out: SHA-224. Insufficient: others."},
}

var topicCertAlgorithm = topic{
	look: lookCertAlgorithm, why: topicCertKey.why, fixes: certificateFixes, check: certCheck,
	t21: Text{"Goed: ECDSA, RSA. Onvoldoende: andere.", "Good: ECDSA, RSA. Insufficient: others."},
	t25: Text{"Voldoende: ECDSA, RSA, EdDSA. Onvoldoende: DSS en andere.", "Sufficient: ECDSA, RSA, EdDSA. Insufficient: DSS and others."},
}

// The rules of peil.
var (
	tlsVersion             = topicVersion.rule(topicVersion.must, mustJudge)
	tlsCiphers             = topicSuites.rule(topicSuites.must, mustJudge)
	tlsCiphersPhaseOut     = topicSuites.rule(topicSuites.should, shouldJudge)
	tlsKeyExchange         = topicKeyExchange.rule(topicKeyExchange.must, mustJudge)
	tlsKeyExchangePhaseOut = topicKeyExchange.rule(topicKeyExchange.should, shouldJudge)
	tlsKexHash             = topicKexHash.rule(topicKexHash.must, mustJudge)
	tlsKexHashPhaseOut     = topicKexHash.rule(topicKexHash.should, shouldJudge)
	tlsCompression         = topicCompression.rule(topicCompression.must, mustJudge)
	tlsSecureRenegotiation = topicSecureRenegotiation.rule(topicSecureRenegotiation.must, mustJudge)
	tlsClientRenegotiation = topicClientRenegotiation.rule(topicClientRenegotiation.should, renegotiationJudge)
	tlsEarlyData           = topicEarlyData.rule(topicEarlyData.must, mustJudge)
	tlsEMS                 = topicEMS.rule(topicEMS.must, mustJudge)
	certKey                = topicCertKey.rule(topicCertKey.must, mustJudge)
	certKeyPhaseOut        = topicCertKey.rule(topicCertKey.should, shouldJudge)
	certSignature          = topicCertSignature.rule(topicCertSignature.must, mustJudge)
	certSignaturePhaseOut  = topicCertSignature.rule(topicCertSignature.should, shouldJudge)
)

// The rules of wdo.
var (
	wdoHTTPS               = httpsAvailable
	wdoRedirect            = httpsRedirect
	wdoVersion             = topicVersion.rule(topicVersion.law, wdoJudge)
	wdoCiphers             = topicSuites.rule(topicSuites.law, wdoJudge)
	wdoCurves              = topicCurves.rule(topicCurves.law, wdoJudge)
	wdoFFDHE               = topicFFDHE.rule(topicFFDHE.law, wdoJudge)
	wdoKexHash             = topicKexHash.rule(topicKexHash.law, wdoJudge)
	wdoCompression         = topicCompression.rule(topicCompression.law, wdoJudge)
	wdoSecureRenegotiation = topicSecureRenegotiation.rule(topicSecureRenegotiation.law, wdoJudge)
	wdoClientRenegotiation = topicClientRenegotiation.rule(topicClientRenegotiation.law, wdoJudge)
	wdoEarlyData           = topicEarlyData.rule(topicEarlyData.law, wdoJudge)
	wdoOCSP                = topicOCSP.rule(topicOCSP.law, wdoJudge)
	wdoEMS                 = topicEMS.rule(topicEMS.law, wdoLaterJudge)
	wdoCertKey             = topicCertKey.rule(topicCertKey.law, wdoJudge)
	wdoCertSignature       = topicCertSignature.rule(topicCertSignature.law, wdoJudge)
)

// The rules of the guidelines.
func ncscVersion(g guide) rule       { return topicVersion.inGuide(g) }
func ncscCiphers(g guide) rule       { return topicSuites.inGuide(g) }
func ncscKeyExchange(g guide) rule   { return topicKind.inGuide(g) }
func ncscCurves(g guide) rule        { return topicCurves.inGuide(g) }
func ncscFFDHE(g guide) rule         { return topicFFDHE.inGuide(g) }
func ncscKexHash(g guide) rule       { return topicKexHash.inGuide(g) }
func ncscCertAlgorithm(g guide) rule { return topicCertAlgorithm.inGuide(g) }
func ncscCertKey(g guide) rule       { return topicCertKey.inGuide(g) }
func ncscCertSignature(g guide) rule { return topicCertSignature.inGuide(g) }
func ncscCompression(g guide) rule {
	t := topicCompression
	if g == ncsc2021 {
		t.look = lookCompression21
	}
	return t.inGuide(g)
}

func ncscSecureRenegotiation(g guide) rule { return topicSecureRenegotiation.inGuide(g) }
func ncscClientRenegotiation(g guide) rule { return topicClientRenegotiation.inGuide(g) }
func ncscEarlyData(g guide) rule           { return topicEarlyData.inGuide(g) }
func ncscOCSP(g guide) rule                { return topicOCSP.inGuide(g) }
func ncscEMS(g guide) rule                 { return topicEMS.inGuide(g) }
