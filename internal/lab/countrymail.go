package lab

// CountryMail is one mail domain of a country.
type CountryMail struct {
	Name    string   // "utrecht.test"
	Owner   int32    // index into Municipalities
	Changes []string // IDs of the catalogue of mail domains
}
