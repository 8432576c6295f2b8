{{- define "shop.labels" -}}
app.kubernetes.io/name: shop
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "shop.container" -}}
image: {{ .Values.image }}
imagePullPolicy: IfNotPresent
{{- end -}}
