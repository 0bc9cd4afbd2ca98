package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/renameio/v2"
)

const (
	adapterConfigFile  = "adapter_config.json"
	adapterTensorsFile = "adapter_model.safetensors"
	adapterPrefix      = "base_model.model."
)

// AdapterOptions says how an adapter's module paths differ from the store's.
type AdapterOptions struct {
	// BaseModel is written as base_model_name_or_path.
	BaseModel string

	// ToAdapter gives the module path in the adapter, without PEFT's
	// base_model.model., for one of the store. Nil is for Qwen2-VL and
	// Qwen2.5-VL whose store has the hub's keys: transformers calls their
	// model.layers.* now model.language_model.layers.*.
	ToAdapter func(module string) string

	// ToStore is the way back. Nil takes language_model out of
	// model.language_model.*, so that both the old and the new form load.
	ToStore func(module string) string

	// Target is written as target_modules, a regular expression over the
	// adapter's whole module paths, in place of the list of them all. It must
	// match these and no other linear layer of the store.
	Target string
}

func (o AdapterOptions) toAdapter(module string) string {
	if o.ToAdapter != nil {
		return o.ToAdapter(module)
	}
	if rest, ok := strings.CutPrefix(module, "model.layers."); ok {
		return "model.language_model.layers." + rest
	}
	return module
}

func (o AdapterOptions) toStore(module string) string {
	if o.ToStore != nil {
		return o.ToStore(module)
	}
	if rest, ok := strings.CutPrefix(module, "model.language_model."); ok {
		return "model." + rest
	}
	return module
}

// targets are PEFT's target_modules: a list of module paths or suffixes, or
// one regular expression.
type targets struct {
	list    []string
	pattern string
}

func (t *targets) UnmarshalJSON(text []byte) error {
	*t = targets{}
	if json.Unmarshal(text, &t.pattern) == nil {
		return nil
	}
	return json.Unmarshal(text, &t.list)
}

func (t targets) MarshalJSON() ([]byte, error) {
	if t.pattern != "" {
		return json.Marshal(t.pattern)
	}
	return json.Marshal(t.list)
}

// adapterConfig is PEFT's adapter_config.json as far as it matters here.
type adapterConfig struct {
	PeftType       string         `json:"peft_type"`
	TaskType       *string        `json:"task_type"`
	BaseModel      string         `json:"base_model_name_or_path"`
	Rank           int            `json:"r"`
	Alpha          float64        `json:"lora_alpha"`
	Dropout        float64        `json:"lora_dropout"`
	Targets        targets        `json:"target_modules"`
	Bias           string         `json:"bias"`
	RS             bool           `json:"use_rslora"`
	DoRA           bool           `json:"use_dora"`
	LoRABias       bool           `json:"lora_bias"`
	FanInFanOut    bool           `json:"fan_in_fan_out"`
	InferenceMode  bool           `json:"inference_mode"`
	Init           any            `json:"init_lora_weights"`
	ModulesToSave  []string       `json:"modules_to_save"`
	RankPattern    map[string]any `json:"rank_pattern"`
	AlphaPattern   map[string]any `json:"alpha_pattern"`
	LayerCopies    []any          `json:"layer_replication,omitempty"`
	QALoRA         bool           `json:"use_qalora,omitempty"`
	TrainableToken any            `json:"trainable_token_indices,omitempty"`
	TargetParams   []string       `json:"target_parameters,omitempty"`
}

// parseAdapterConfig reads adapter_config.json and refuses what [LoRA] cannot
// represent.
func parseAdapterConfig(text []byte) (adapterConfig, error) {
	c := adapterConfig{Bias: "none"}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, err
	}
	if len(c.ModulesToSave) > 0 {
		return c, fmt.Errorf("modules_to_save %v is not supported: such an adapter replaces whole layers besides its low-rank terms; "+
			"try to train without it, or to merge in Python (merge_and_unload) and take the merged model", c.ModulesToSave)
	}
	for _, f := range []struct {
		bad   bool
		field string
		value any
	}{
		{c.PeftType != "LORA", "peft_type", c.PeftType},
		{c.Rank < 1 || c.Rank > 1<<16, "r", c.Rank},
		{!(c.Dropout >= 0 && c.Dropout < 1), "lora_dropout", c.Dropout},
		{c.Bias != "none" && c.Bias != "", "bias", c.Bias},
		{c.LoRABias, "lora_bias", true},
		{c.QALoRA, "use_qalora", true},
		{c.FanInFanOut, "fan_in_fan_out", true},
		{len(c.RankPattern) > 0, "rank_pattern", c.RankPattern},
		{len(c.AlphaPattern) > 0, "alpha_pattern", c.AlphaPattern},
		{len(c.LayerCopies) > 0, "layer_replication", c.LayerCopies},
		{len(c.TargetParams) > 0, "target_parameters", c.TargetParams},
		{c.TrainableToken != nil, "trainable_token_indices", c.TrainableToken},
	} {
		if f.bad {
			return c, fmt.Errorf("%s %v is not supported; try an adapter of plain LoRA", f.field, f.value)
		}
	}
	return c, nil
}

// SaveAdapter writes the LoRA terms of the store as a PEFT adapter, which
// Python's peft loads: adapter_config.json and adapter_model.safetensors with
// keys base_model.model.{module}.lora_A.weight. Target modules are listed by
// their full paths, since a suffix such as q_proj would hit the vision tower
// of some models as well. The folder is made if it is not there.
func SaveAdapter(dir string, store *model.Store, lora *LoRA, o AdapterOptions) error {
	terms, err := loraTerms(store)
	if err != nil {
		return fmt.Errorf("save adapter %s: %w", dir, err)
	}
	if len(terms) == 0 {
		return fmt.Errorf("save adapter %s: the store has no LoRA terms; try a Target that matches a linear layer", dir)
	}
	c := adapterConfig{PeftType: "LORA", BaseModel: o.BaseModel, Rank: lora.Rank, Alpha: lora.Alpha, Dropout: lora.Dropout,
		Bias: "none", RS: lora.RS, DoRA: lora.DoRA, InferenceMode: true, Init: true, RankPattern: map[string]any{}, AlphaPattern: map[string]any{}}
	all := map[string]*tensors.Tensor{}
	for _, module := range slices.Sorted(maps.Keys(terms)) {
		term, name := terms[module], o.toAdapter(module)
		if err := term.check(nil, lora, false); err != nil {
			return fmt.Errorf("save adapter %s: module %s: %w", dir, module, err)
		}
		c.Targets.list = append(c.Targets.list, name)
		for part, value := range term.parts() {
			if part == magnitudePart { // PEFT leaves the last word out in files
				part = strings.TrimSuffix(part, ".weight")
			}
			all[adapterPrefix+name+part] = value
		}
	}
	if o.Target != "" {
		if err := o.checkTarget(store, terms); err != nil {
			return fmt.Errorf("save adapter %s: %w", dir, err)
		}
		c.Targets.pattern = o.Target
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("save adapter %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save adapter: %w", err)
	}
	if err := SaveTensors(filepath.Join(dir, adapterTensorsFile), all, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	if err := renameio.WriteFile(filepath.Join(dir, adapterConfigFile), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("save adapter: %w", err)
	}
	return nil
}

// LoadAdapter reads a PEFT adapter folder into the store as float32 variables
// and returns the LoRA that applies exactly the terms of the file. Keys with
// and without language_model and PEFT's in-memory form (lora_A.default) are
// accepted; copies that the UGE reference saves under graph_encoder are left
// out.
//
// Where the store has the base weight already, the shapes must fit it, and
// every module of the adapter must be one of the model.
func LoadAdapter(dir string, store *model.Store, o AdapterOptions) (*LoRA, error) {
	configPath := filepath.Join(dir, adapterConfigFile)
	text, err := os.ReadFile(configPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load adapter: %w; try the folder that peft's save_pretrained wrote", err)
	} else if err != nil {
		return nil, fmt.Errorf("load adapter: %w", err)
	}
	c, err := parseAdapterConfig(text)
	if err != nil {
		return nil, fmt.Errorf("load adapter: %s: %w", configPath, err)
	}
	path := filepath.Join(dir, adapterTensorsFile)
	f, err := OpenTensors(path)
	if err != nil {
		return nil, fmt.Errorf("load adapter: %w", err)
	}
	defer f.Close()
	terms := map[string]loraTerm{}
	for _, name := range f.Names() {
		module, part, ok := parseAdapterKey(name)
		if !ok {
			return nil, fmt.Errorf("load adapter: %s: tensor %q is no LoRA term", path, name)
		}
		if strings.HasPrefix(module, "graph_encoder.") {
			continue
		}
		module = o.toStore(module)
		value, err := f.ReadAs(name, dtypes.Float32)
		if err != nil {
			return nil, fmt.Errorf("load adapter: %w", err)
		}
		term := terms[module]
		slot := term.slot(part)
		if *slot != nil {
			return nil, fmt.Errorf("load adapter: %s: two tensors are the term of %s", path, module)
		}
		*slot = value
		terms[module] = term
	}
	modules := slices.Sorted(maps.Keys(terms))
	if len(modules) == 0 {
		return nil, fmt.Errorf("load adapter: %s holds no LoRA term", path)
	}
	lora := &LoRA{Rank: c.Rank, Alpha: c.Alpha, Dropout: c.Dropout, RS: c.RS, DoRA: c.DoRA, Target: exactly(modules)}
	hasModel := slices.ContainsFunc(slices.Collect(store.IterVariables()), func(v *model.Variable) bool { return isWeight(v) })
	for _, module := range modules {
		if err := terms[module].check(store.GetVariable(Path(module+".weight")), lora, hasModel); err != nil {
			return nil, fmt.Errorf("load adapter: %s: module %s: %w", path, module, err)
		}
	}
	for _, module := range modules {
		for part, value := range terms[module].parts() {
			if err := setVariable(store, Path(module+part), value); err != nil {
				return nil, fmt.Errorf("load adapter: %s: module %s: %w", path, module, err)
			}
		}
	}
	return lora, nil
}

// checkTarget makes sure that the pattern means the modules that have terms.
func (o AdapterOptions) checkTarget(store *model.Store, terms map[string]loraTerm) error {
	pattern, err := regexp.Compile(`^(?:` + o.Target + `)$`)
	if err != nil {
		return fmt.Errorf("AdapterOptions.Target: %w", err)
	}
	for module := range terms {
		if name := o.toAdapter(module); !pattern.MatchString(name) {
			return fmt.Errorf("AdapterOptions.Target %q does not match the whole of %s, which has a term", o.Target, name)
		}
	}
	for v := range store.IterVariables() {
		module, ok := strings.CutSuffix(Key(v.Path()), ".weight")
		if _, has := terms[module]; !ok || has || isInternal(v.Path()) || strings.Contains(module, ".lora_") {
			continue
		}
		if name := o.toAdapter(module); pattern.MatchString(name) {
			return fmt.Errorf("AdapterOptions.Target %q matches %s, which has no term", o.Target, name)
		}
	}
	return nil
}

// exactly matches the modules and nothing else.
func exactly(modules []string) *regexp.Regexp {
	quoted := make([]string, len(modules))
	for i, m := range modules {
		quoted[i] = regexp.QuoteMeta(m)
	}
	return regexp.MustCompile(`^(?:` + strings.Join(quoted, "|") + `)$`)
}
