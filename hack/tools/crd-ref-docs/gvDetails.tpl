{{- define "gvDetails" -}}
## {{ .GroupVersionString }}

{{ trim .Doc }}

Kinds: {{ range $i, $kind := .SortedKinds }}{{ if $i }}, {{ end }}{{ $.TypeForKind $kind | markdownRenderTypeLink }}{{ end }}
{{ range .SortedTypes }}{{ if markdownShouldRenderType . }}
{{ template "type" . }}
{{- end }}{{ end }}
{{- end -}}
