# The user data of a host that joins a tunnel, for any provider:
#
#   module "tunnel" {
#     source          = "./contrib/terraform"
#     tunnel_address  = "10.9.0.2/24"
#     peer_public_key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#     ...
#   }
#   resource "..." "host" { user_data = module.tunnel.user_data }
#
# There is no private key in it, and so none in the state: the host makes its own.

variable "tunnel_address" {
  type = string
}

variable "peer_public_key" {
  type = string
}

variable "peer_allowed_ips" {
  type    = string
  default = "10.9.0.0/24"
}

variable "peer_endpoint" {
  type = string
}

variable "package_url" {
  type        = string
  description = "Where the host gets wring's Debian package from"
}

locals {
  words = {
    TUNNEL_ADDRESS   = var.tunnel_address
    PEER_PUBLIC_KEY  = var.peer_public_key
    PEER_ALLOWED_IPS = var.peer_allowed_ips
    PEER_ENDPOINT    = var.peer_endpoint
    PACKAGE_URL      = var.package_url
  }
  form = file("${path.module}/../cloud-init/user-data.yaml")
  # Each piece is a word of ours, or what is between two of them.
  pieces = regexall("${join("|", keys(local.words))}|[A-Z]|[^A-Z]+", local.form)
}

output "user_data" {
  value = join("", [for piece in local.pieces : lookup(local.words, piece, piece)])
}
