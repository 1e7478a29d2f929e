package norm

import "peil/internal/fact"

var (
	securityTxtValid     rule
	dnsDangling          rule
	dnsCAA               rule
	dnsDelegation        rule
	dnsPair              rule
	headerCSP            rule
	headerFrameOptions   rule
	headerContentType    rule
	headerReferrer       rule
	headerPermissions    rule
	headerCrossOrigin    rule
	cookieAttributes     rule
	pageIntegrity        rule
	pageMixed            rule
	securityTxtSigned    rule
	securityTxtQuality   rule
	headerVersion        rule
	dnsSVCB              rule
	daneValid            rule
	forumDNSSEC          rule
	forumHTTPS           rule
	forumRedirect        rule
	forumHSTS            rule
	forumTLS             rule
	forumIPv6            rule
	forumRPKI            rule
	forumSecurityTxt     rule
	forumIPv6NameServers rule
	forumIPv6WebServer   rule
	forumDANE            rule
	forumTLS13           rule
)

func sumPeil(*fact.Measurement, *Result)  {}
func sumForum(*fact.Measurement, *Result) {}
func reasons() map[string]Text            { return nil }
