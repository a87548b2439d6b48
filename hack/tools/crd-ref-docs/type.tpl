{{- define "type" -}}
### {{ .Name }}

{{ if .IsAlias }}_Underlying type: {{ markdownRenderTypeLink .UnderlyingType }}_

{{ end }}{{ .Doc }}
{{ if .References }}
Appears in: {{ range $i, $ref := .SortedReferences }}{{ if $i }}, {{ end }}{{ markdownRenderTypeLink $ref }}{{ end }}
{{ end }}
{{- if .Members }}
| Field | Description | Default | Validation |
| --- | --- | --- | --- |
{{- if .GVK }}
| `apiVersion` _string_ | `{{ .GVK.Group }}/{{ .GVK.Version }}` | | |
| `kind` _string_ | `{{ .GVK.Kind }}` | | |
{{- end }}
{{- range .Members }}
| `{{ .Name }}` _{{ template "typeOf" .Type }}_ | {{ if eq .Name "metadata" }}The standard object metadata.{{ else }}{{ markdownRenderFieldDoc .Doc | replace "<br />" " " | trim }}{{ end }} | {{ markdownRenderDefault .Default }} | {{ template "rules" . }} |
{{- end }}
{{ end }}
{{- with index .Markers "kubebuilder:validation:XValidation" }}
Rules:
{{ range . }}
- {{ with .FieldPath }}`{{ trimPrefix "." . }}` {{ end }}{{ .Message | markdownRenderFieldDoc }}
{{- end }}
{{ end }}
{{- if .EnumValues }}
| Value | Meaning |
| --- | --- |
{{- range .EnumValues }}
| `{{ .Name }}` | {{ markdownRenderFieldDoc .Doc | replace "<br />" " " | trim }} |
{{- end }}
{{ end }}
{{- end -}}

{{- /* A name of names_types.go is an alias: it has a comment and rules, and no section of its own. Its rules are told with the
fields that have it. */ -}}
{{- define "typeOf" }}
{{- $each := .UnderlyingType }}
{{- if and $each $each.Doc (not $each.IsAlias) (not $each.Members) (index $each.Markers "kubebuilder:validation:XValidation") }}string{{ if contains " array" (markdownRenderType .) }} array{{ end }}
{{- else if and .Doc (not .IsAlias) (not .Members) (index .Markers "kubebuilder:validation:XValidation") }}string
{{- else }}{{ markdownRenderType . }}{{ end }}
{{- end }}

{{- /* rules: what is checked of a field, in words: the messages of its rules in place of their code. */ -}}
{{- define "rules" }}
{{- $rules := list }}
{{- range .Validation }}{{ if not (contains "XValidation" .) }}{{ $rules = append $rules (. | replace "{}" "" | trimSuffix ": " | markdownRenderFieldDoc) }}{{ end }}{{ end }}
{{- range index .Markers "kubebuilder:validation:XValidation" }}{{ $rules = append $rules (.Message | markdownRenderFieldDoc) }}{{ end }}
{{- range index .Markers "kubebuilder:validation:items:XValidation" }}{{ $rules = append $rules (printf "each %s" .Message | markdownRenderFieldDoc) }}{{ end }}
{{- $rules | uniq | join "<br />" }}
{{- end }}
