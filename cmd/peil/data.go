package main

import (
	"context"
	"fmt"

	"peil/internal/config"
	"peil/internal/i18n"
)

type dataCmd struct {
	Update dataUpdateCmd `cmd:"" help:"Fetch VRPs and route tables into the user's cache; scan uses them for 48 hours."`
}

type dataUpdateCmd struct {
	config.Data
	Lang string `enum:",nl,en" default:"" help:"Language of texts: nl or en. Default: from the locale."`
}

// Help says from where.
func (dataUpdateCmd) Help() string {
	return `Without flags the tables are fetched from rpki-client's console and RIPE RIS, or from the
addresses in peil/data.toml in the user's configuration directory:

  vrps   = ["https://…/vrps.json"]
  routes = ["https://…/riswhoisdump.IPv4.gz"]`
}

// Run makes the tables and says what came of it.
func (c *dataUpdateCmd) Run(ctx context.Context, std streams) error {
	lang := config.Look{Lang: c.Lang}.Language()
	done, err := c.Update(ctx)
	for _, u := range done {
		fmt.Fprintln(std.out, i18n.T(lang, "data."+u.Kind, i18n.Int(lang, u.Report.Records), u.Source))
		if u.Report.Wrong > 0 {
			fmt.Fprintln(std.err, i18n.N(lang, "data.wrong", u.Report.Wrong, u.Report.First))
		}
	}
	return err
}
