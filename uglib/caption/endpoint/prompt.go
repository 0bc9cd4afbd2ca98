package endpoint

import (
	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
)

const systemPrompt = "You are an urban researcher. You describe street views precisely and tie what is seen to the map around them."

func writePrompt(c *city.City, v streetview.View, cfg Config) string {
	return c.Title + v.File + cfg.Prompt
}
