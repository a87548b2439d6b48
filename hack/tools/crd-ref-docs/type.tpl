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
| `{{ .Name }}` _{{ markdownRenderType .Type }}_ | {{ if eq .Name "metadata" }}The standard object metadata.{{ else }}{{ markdownRenderFieldDoc .Doc | replace "<br />" " " | trim }}{{ end }} | {{ markdownRenderDefault .Default }} | {{ range $i, $rule := .Validation }}{{ if $i }}<br />{{ end }}{{ $rule | replace "{}" "" | trimSuffix ": " | markdownRenderFieldDoc }}{{ end }} |
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
