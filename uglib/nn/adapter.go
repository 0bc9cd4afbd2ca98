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
type targets []string

func (t *targets) UnmarshalJSON(text []byte) error {
	var one string
	if err := json.Unmarshal(text, &one); err == nil {
		*t = targets{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(t))
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
	for _, f := range []struct {
		bad   bool
		field string
		value any
	}{
		{c.PeftType != "LORA", "peft_type", c.PeftType},
		{c.Rank < 1 || c.Rank > 1<<16, "r", c.Rank},
		{!(c.Dropout >= 0 && c.Dropout < 1), "lora_dropout", c.Dropout},
		{c.Bias != "none" && c.Bias != "", "bias", c.Bias},
		{c.DoRA, "use_dora", true},
		{c.LoRABias, "lora_bias", true},
		{c.QALoRA, "use_qalora", true},
		{c.FanInFanOut, "fan_in_fan_out", true},
		{len(c.ModulesToSave) > 0, "modules_to_save", c.ModulesToSave},
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
		Bias: "none", RS: lora.RS, InferenceMode: true, Init: true, RankPattern: map[string]any{}, AlphaPattern: map[string]any{}}
	all := map[string]*tensors.Tensor{}
	for _, module := range slices.Sorted(maps.Keys(terms)) {
		term, name := terms[module], o.toAdapter(module)
		c.Targets = append(c.Targets, name)
		all[adapterPrefix+name+".lora_A.weight"] = term.a
		all[adapterPrefix+name+".lora_B.weight"] = term.b
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
		module, isA, ok := parseAdapterKey(name)
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
		slot := &term.b
		if isA {
			slot = &term.a
		}
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
	hasModel := slices.ContainsFunc(slices.Collect(store.IterVariables()), func(v *model.Variable) bool { return isWeight(v) })
	for _, module := range modules {
		if err := terms[module].check(store.GetVariable(Path(module+".weight")), c.Rank, hasModel); err != nil {
			return nil, fmt.Errorf("load adapter: %s: module %s: %w", path, module, err)
		}
	}
	for _, module := range modules {
		err := errors.Join(
			setVariable(store, Path(module+".lora_A.weight"), terms[module].a),
			setVariable(store, Path(module+".lora_B.weight"), terms[module].b))
		if err != nil {
			return nil, fmt.Errorf("load adapter: %s: module %s: %w", path, module, err)
		}
	}
	return &LoRA{Rank: c.Rank, Alpha: c.Alpha, Dropout: c.Dropout, RS: c.RS, Target: exactly(modules)}, nil
}

// exactly matches the modules and nothing else.
func exactly(modules []string) *regexp.Regexp {
	quoted := make([]string, len(modules))
	for i, m := range modules {
		quoted[i] = regexp.QuoteMeta(m)
	}
	return regexp.MustCompile(`^(?:` + strings.Join(quoted, "|") + `)$`)
}

var adapterKey = regexp.MustCompile(`^(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$`)

// parseAdapterKey takes the module path out of an adapter's tensor name.
func parseAdapterKey(name string) (module string, isA, ok bool) {
	m := adapterKey.FindStringSubmatch(strings.TrimPrefix(name, adapterPrefix))
	if m == nil {
		return "", false, false
	}
	return m[1], m[2] == "A", true
}

// loraTerm is the pair of matrices of one module.
type loraTerm struct {
	a, b *tensors.Tensor // [rank, in], [out, rank]
}

// check makes sure that both matrices are there and fit rank and base weight.
func (l loraTerm) check(base *model.Variable, rank int, hasModel bool) error {
	switch {
	case l.a == nil || l.b == nil:
		return errors.New("lora_A or lora_B is missing")
	case l.a.Rank() != 2 || l.b.Rank() != 2 || l.a.Shape().Dim(0) != rank || l.b.Shape().Dim(1) != rank:
		return fmt.Errorf("lora_A %s and lora_B %s do not have rank %d", l.a.Shape(), l.b.Shape(), rank)
	case base == nil && hasModel:
		return errors.New("the model has no such linear layer; try AdapterOptions.ToStore for its names")
	case base != nil && (base.Shape().Rank() != 2 || base.Shape().Dim(0) != l.b.Shape().Dim(0) || base.Shape().Dim(1) != l.a.Shape().Dim(1)):
		return fmt.Errorf("lora_A %s and lora_B %s do not fit the weight %s", l.a.Shape(), l.b.Shape(), base.Shape())
	}
	return nil
}

// loraTerms collects the terms of the store by dotted module path.
func loraTerms(store *model.Store) (map[string]loraTerm, error) {
	terms := map[string]loraTerm{}
	for v := range store.IterVariables() {
		module, isA, ok := parseAdapterKey(Key(v.Path()))
		if !ok || isInternal(v.Path()) {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		term := terms[module]
		if isA {
			term.a = value
		} else {
			term.b = value
		}
		terms[module] = term
	}
	return terms, nil
}
