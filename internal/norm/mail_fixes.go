package norm

import "strings"

// forSenders puts words about websites and their visitors into words about mail servers
// and those who send to them.
var forSenders = strings.NewReplacer(
	"bezoekers", "verzenders", "bezoeker", "verzender", "de website", "de mailserver", "website", "mailserver", "webserver", "mailserver",
	"visitors", "senders", "visitor", "sender", "website", "mail server", "web server", "mail server",
)

// forMail is a rule about TLS or certificates, which is judged the same on port 25, in
// words of mail and with fixes for mail servers.
func forMail(r rule, fixes []Fix) rule {
	r.explain = Text{forSenders.Replace(r.explain.NL), forSenders.Replace(r.explain.EN)}
	r.why = Text{forSenders.Replace(r.why.NL), forSenders.Replace(r.why.EN)}
	r.fixes = fixes
	return r
}

// withWhy is a rule with another reason.
func withWhy(r rule, why Text) rule { r.why = why; return r }

const (
	gnutlsPriority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-AES-128-CBC:-AES-256-CBC:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1"
	schannelOld    = `reg add "HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.0\Server" /v Enabled /t REG_DWORD /d 0`
)

// How to mend TLS in mail servers. Exim in Debian uses GnuTLS, elsewhere often OpenSSL.
var (
	mailVersionFixes = []Fix{
		fixFor("postfix", "Zet alleen TLS 1.2 en 1.3 aan (Postfix 3.6 of nieuwer).", "Switch on TLS 1.2 and 1.3 only (Postfix 3.6 or newer).", "postconf -e 'smtpd_tls_protocols=>=TLSv1.2' 'smtpd_tls_mandatory_protocols=>=TLSv1.2'"),
		fixFor("exim", "Zet oude versies uit: met OpenSSL, of met GnuTLS.", "Switch off old versions: with OpenSSL, or with GnuTLS.", "openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1\n# GnuTLS\ntls_require_ciphers = "+gnutlsPriority),
		fixFor("exchange", "Zet de oude versies uit in het register en herstart (ook voor SSL 2.0, SSL 3.0 en TLS 1.1).", "Switch off the old versions in the registry and restart (for SSL 2.0, SSL 3.0 and TLS 1.1 too).", schannelOld),
	}
	mailSuiteFixes = []Fix{
		fixFor("postfix", "Sta voor TLS 1.2 alleen deze algoritmeselecties toe.", "Allow only these cipher suites for TLS 1.2.", "postconf -e smtpd_tls_ciphers=high tls_preempt_cipherlist=yes tls_high_cipherlist="+opensslSuites),
		fixFor("exim", "Sta voor TLS 1.2 alleen deze toe: met OpenSSL, of met GnuTLS.", "Allow only these for TLS 1.2: with OpenSSL, or with GnuTLS.", "tls_require_ciphers = "+opensslSuites+"\n# GnuTLS\ntls_require_ciphers = "+gnutlsPriority),
		fixFor("exchange", "Zet elke andere algoritmeselectie uit (PowerShell).", "Switch off every other cipher suite (PowerShell).",
			"Get-TlsCipherSuite | Where-Object Name -match '_CBC_|^TLS_RSA_|^TLS_DHE_|_NULL_|_PSK_|RC4|3DES' |\n  ForEach-Object { Disable-TlsCipherSuite -Name $_.Name }"),
	}
	mailGroupFixes = []Fix{
		fixFor("postfix", "Noem de krommen; DHE gaat uit met de algoritmeselecties.", "Name the curves; DHE goes with the cipher suites.", "postconf -e 'tls_eecdh_auto_curves=X25519 prime256v1 secp384r1' 'tls_ffdhe_auto_groups=' smtpd_tls_ciphers=high tls_high_cipherlist="+opensslSuites),
		fixFor("exim", "Noem de krommen (OpenSSL); DHE gaat uit met de algoritmeselecties.", "Name the curves (OpenSSL); DHE goes with the cipher suites.", "tls_eccurve = "+opensslGroups+"\ntls_require_ciphers = "+opensslSuites),
		fixFor("exchange", "Zet andere krommen uit (PowerShell).", "Switch off other curves (PowerShell).", "Get-TlsEccCurve | Where-Object { $_ -notin 'curve25519','NistP256','NistP384' } | ForEach-Object { Disable-TlsEccCurve $_ }"),
	}
	mailHashFixes = []Fix{
		fixFor("postfix", "Noem de handtekeningen die mogen in de instellingen van OpenSSL (Postfix 3.9 of nieuwer).", "Name the signatures that are allowed in the settings of OpenSSL (Postfix 3.9 or newer).", "postconf -e tls_config_file=/etc/postfix/openssl.cnf tls_config_name=postfix\n# /etc/postfix/openssl.cnf\npostfix = main\n[main]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\nSignatureAlgorithms = "+opensslHashes),
		fixFor("exim", "Met GnuTLS: haal SHA-1 uit de handtekeningen.", "With GnuTLS: take SHA-1 out of the signatures.", "tls_require_ciphers = "+gnutlsPriority),
		fixFor("exchange", "Zet SHA-1 uit in het groepsbeleid voor TLS (vanaf Windows Server 2022).", "Switch SHA-1 off in the group policy for TLS (from Windows Server 2022).", ""),
	}
	mailUpdateFixes = []Fix{
		fixFor("", "Werk de mailserver en zijn TLS-bibliotheek bij: elke versie die nog onderhouden wordt, doet dit uit zichzelf goed.", "Update the mail server and its TLS library: every version that is still maintained gets this right by itself.", "apt-get update && apt-get install --only-upgrade openssl libssl3 libgnutls30 postfix exim4"),
		fixFor("exchange", "Werk Windows en Exchange bij.", "Update Windows and Exchange.", ""),
	}
	mailRenegotiationFixes = []Fix{
		fixFor("postfix", "Weiger heronderhandeling.", "Refuse renegotiation.", "postconf -e tls_ssl_options=NO_RENEGOTIATION"),
		fixFor("exim", "Weiger heronderhandeling (OpenSSL).", "Refuse renegotiation (OpenSSL).", "openssl_options = +no_renegotiation"),
		fixFor("exchange", "Weiger heronderhandeling in het register.", "Refuse renegotiation in the registry.", `reg add "HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL" /v DisableRenegoOnServer /t REG_DWORD /d 1`),
	}
	mailHybridFixes = []Fix{
		fixFor("postfix", "Met OpenSSL 3.5 of nieuwer: zet X25519MLKEM768 vooraan.", "With OpenSSL 3.5 or newer: put X25519MLKEM768 first.", "postconf -e 'tls_eecdh_auto_curves=X25519MLKEM768 X25519 prime256v1 secp384r1'"),
		fixFor("exim", "Met OpenSSL 3.5 of nieuwer: zet X25519MLKEM768 vooraan.", "With OpenSSL 3.5 or newer: put X25519MLKEM768 first.", "tls_eccurve = "+hybridGroups),
	}
)
