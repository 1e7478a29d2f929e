package lab

func tlsSites() []entry         { return nil }
func certSites() []entry        { return nil }
func headerSites() []entry      { return nil }
func securityTxtSites() []entry { return nil }
func rpkiSites() []entry        { return nil }
func hostileSites() []entry     { return nil }
