package norm

import "peil/internal/fact"

var (
	httpsAvailable         rule
	httpsRedirect          rule
	hstsYear               rule
	tlsVersion             rule
	tlsCiphers             rule
	tlsKeyExchange         rule
	tlsKexHash             rule
	tlsCompression         rule
	tlsSecureRenegotiation rule
	tlsEarlyData           rule
	tlsEMS                 rule
	certTrust              rule
	certDomain             rule
	certExpiry             rule
	certKey                rule
	certSignature          rule
	dnssecSecure           rule
	dnssecValid            rule
	ipv6NameServers        rule
	ipv6NameServerReach    rule
	ipv6Address            rule
	ipv6Reach              rule
	rpkiExists             rule
	rpkiValid              rule
	rpkiNSExists           rule
	rpkiNSValid            rule
	securityTxtValid       rule
	dnsDangling            rule
	loginPlain             rule
	tlsCiphersPhaseOut     rule
	tlsKeyExchangePhaseOut rule
	tlsKexHashPhaseOut     rule
	certKeyPhaseOut        rule
	certSignaturePhaseOut  rule
	tlsOrder               rule
	tlsClientRenegotiation rule
	tlsOCSP                rule
	tlsNoSNI               rule
	certChainOrder         rule
	certSCT                rule
	certLifetime           rule
	certForecast           rule
	dnsCAA                 rule
	dnsDelegation          rule
	dnsPair                rule
	dnssecNSEC3            rule
	dnssecLifetime         rule
	dnssecAlgorithm        rule
	ipv6Similar            rule
	httpsDowngrade         rule
	headerCSP              rule
	headerFrameOptions     rule
	headerContentType      rule
	headerReferrer         rule
	headerPermissions      rule
	headerCrossOrigin      rule
	cookieAttributes       rule
	pageIntegrity          rule
	pageMixed              rule
	securityTxtSigned      rule
	securityTxtQuality     rule
	headerVersion          rule
	tlsGood                rule
	tlsPostQuantum         rule
	httpTwo                rule
	httpThree              rule
	hstsPreload            rule
	dnssecModern           rule
	dnsSVCB                rule
	daneValid              rule
	wdoHTTPS               rule
	wdoRedirect            rule
	wdoHSTS                rule
	wdoVersion             rule
	wdoCiphers             rule
	wdoCurves              rule
	wdoFFDHE               rule
	wdoKexHash             rule
	wdoCompression         rule
	wdoSecureRenegotiation rule
	wdoClientRenegotiation rule
	wdoEarlyData           rule
	wdoOCSP                rule
	wdoEMS                 rule
	wdoCertKey             rule
	wdoCertSignature       rule
	forumDNSSEC            rule
	forumHTTPS             rule
	forumRedirect          rule
	forumHSTS              rule
	forumTLS               rule
	forumIPv6              rule
	forumRPKI              rule
	forumSecurityTxt       rule
	forumIPv6NameServers   rule
	forumIPv6WebServer     rule
	forumDANE              rule
	forumTLS13             rule
)

func ncscVersion(guide) rule                            { return rule{} }
func ncscCiphers(guide) rule                            { return rule{} }
func ncscOrder(guide) rule                              { return rule{} }
func ncscKeyExchange(guide) rule                        { return rule{} }
func ncscCurves(guide) rule                             { return rule{} }
func ncscFFDHE(guide) rule                              { return rule{} }
func ncscKexHash(guide) rule                            { return rule{} }
func ncscCertAlgorithm(guide) rule                      { return rule{} }
func ncscCertKey(guide) rule                            { return rule{} }
func ncscCertSignature(guide) rule                      { return rule{} }
func ncscCompression(guide) rule                        { return rule{} }
func ncscSecureRenegotiation(guide) rule                { return rule{} }
func ncscClientRenegotiation(guide) rule                { return rule{} }
func ncscEarlyData(guide) rule                          { return rule{} }
func ncscOCSP(guide) rule                               { return rule{} }
func ncscEMS(guide) rule                                { return rule{} }
func sumPeil(*fact.Measurement, *Result)                {}
func sumForum(*fact.Measurement, *Result)               {}
func reasons() map[string]Text                          { return nil }
func fillIn(string, *fact.Measurement, *Verdict) string { return "" }
