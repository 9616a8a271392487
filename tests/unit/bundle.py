"""A small bundle with all that a preparation of a workspace looks at."""

BUNDLE = """
bundle: {name: lake}
variables:
  catalog: {default: main}
  secret_scope: {default: "${bundle.name}-${bundle.target}"}
  kafka_bootstrap_servers: {description: Brokers.}
  kafka_security_protocol: {default: SASL_SSL}
  text_encoder:
    default: /Volumes/${var.catalog}/${resources.schemas.ops_schema.name}/${resources.volumes.files.name}/text_encoder
  dashboard_warehouse: {lookup: {warehouse: Shared}}
  permissions:
    type: complex
    default: [{level: CAN_VIEW, group_name: analysts}]
  service_principal: {description: Application id.}
resources:
  schemas:
    ops_schema: {catalog_name: "${var.catalog}", name: lake_ops}
  volumes:
    files: {name: files}
  postgres_projects:
    lakebase: {project_id: lake}
  apps:
    dashboard:
      name: ${bundle.name}-${bundle.target}-${workspace.current_user.id}
      config:
        env: [{name: SECRET_SCOPE, value: "${var.secret_scope}-app"}]
      resources:
        - {name: store, secret: {scope: "${var.secret_scope}-app", key: mongodb_uri, permission: READ}}
targets:
  local: {variables: {catalog: ""}}
  dev:
    default: true
    mode: development
    presets: {name_prefix: "[dev ${workspace.current_user.userName}] "}
    permissions: ${var.permissions}
    variables: {service_principal: ""}
  staging: {mode: development, variables: {service_principal: ""}}
  prod: {mode: production, permissions: "${var.permissions}"}
"""
