// Made from keyhold.yaml by generate.ts. Do not edit.

/** The OpenAPI document, as served under /openapi.json. */
export const document: Record<string, unknown> = {
  "openapi": "3.1.0",
  "info": {
    "title": "Keyhold",
    "version": "1.0.0",
    "summary": "A Raft-backed lock and config service.",
    "description": "Locks are leases with fencing tokens; config is versioned values with compare-and-set; changes are watched over\nSocket.IO (`x-socket-io` at the end of this document).\n\n- Any node answers any request: followers forward, they never redirect.\n- **Revision** is the store's own counter: one per committed change, dense, never reused, below 2^53.\n- Keys and lock names are paths such as `payments/db/pool`: UTF-8, 1 to 480 bytes, no control characters, no `.` or `..`\n  between slashes (clients and proxies would resolve them). Slashes may be sent raw or as `%2F`.\n- Every error is `application/problem+json` (RFC 9457) with a stable `code`. Unknown query parameters are refused under\n  `/v1`, so that a typo is not silently ignored. An unknown path answers 404 `not_found`, a known path with another\n  method 405 `method_not_allowed` with `Allow`. What is refused before that is under `x-refused`.\n- A mutation with an `Idempotency-Key` and `Keyhold-Request-Since` is carried out at most once however often, how late and to\n  whatever node it is sent; what may have been forgotten meanwhile answers 504 `outcome_unknown` with `forgotten`. With the\n  `Idempotency-Key` alone this holds as long as the key is remembered: 24 hours of cluster time after its answer, and no longer\n  than through the next 100,000 named requests.\n- 503 means that nothing was written; 504 `outcome_unknown` that the write may or may not happen: repeat it with the same\n  `Idempotency-Key` to learn its outcome.\n\nThe examples assume `KEYHOLD` to hold the URL of any node.\n",
    "license": {
      "name": "MIT",
      "identifier": "MIT"
    }
  },
  "servers": [
    {
      "url": "/",
      "description": "Any node of the cluster."
    }
  ],
  "security": [],
  "tags": [
    {
      "name": "config",
      "description": "Versioned values with compare-and-set."
    },
    {
      "name": "leases",
      "description": "A lease ends unless it is renewed. It never expires before its TTL has passed, whatever fails."
    },
    {
      "name": "locks",
      "description": "Exclusive locks with a FIFO queue inside the replicated state and a fence for every hold."
    },
    {
      "name": "cluster",
      "description": "The state of the cluster and its members. Only a leader changes the members; other nodes forward the request to it."
    },
    {
      "name": "ops",
      "description": "Probes, metrics and this document."
    }
  ],
  "paths": {
    "/v1/config": {
      "get": {
        "operationId": "listConfig",
        "tags": [
          "config"
        ],
        "summary": "List keys under a prefix",
        "description": "Keys in byte order of their UTF-8. All pages of one list are read at the revision of the first. When that revision was\ncompacted meanwhile, the next page answers 410, and the client begins the list again.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/Prefix"
          },
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          },
          {
            "name": "keysOnly",
            "in": "query",
            "description": "Leave the values out.",
            "schema": {
              "type": "boolean",
              "default": false
            }
          },
          {
            "$ref": "#/components/parameters/Consistency"
          },
          {
            "$ref": "#/components/parameters/MinRevision"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl \"$KEYHOLD/v1/config?prefix=payments/&limit=10\""
          }
        ],
        "responses": {
          "200": {
            "description": "One page.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "Keyhold-Consistency": {
                "$ref": "#/components/headers/Keyhold-Consistency"
              },
              "Keyhold-Staleness-Ms": {
                "$ref": "#/components/headers/Keyhold-Staleness-Ms"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ConfigPage"
                },
                "example": {
                  "revision": 42,
                  "cursor": null,
                  "items": [
                    {
                      "key": "payments/db/pool",
                      "value": {
                        "size": 20
                      },
                      "contentType": "application/json",
                      "version": 3,
                      "createRevision": 7,
                      "modRevision": 41,
                      "leaseId": null,
                      "author": null,
                      "comment": "more load",
                      "updatedAt": "2026-11-21T08:00:00.000Z"
                    }
                  ]
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidReadRequest"
          },
          "410": {
            "$ref": "#/components/responses/Compacted"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          },
          "504": {
            "$ref": "#/components/responses/RevisionNotReached"
          }
        }
      }
    },
    "/v1/config/{key}": {
      "parameters": [
        {
          "$ref": "#/components/parameters/Key"
        }
      ],
      "get": {
        "operationId": "getConfig",
        "tags": [
          "config"
        ],
        "summary": "Read a key",
        "description": "With `raw` the answer is the value as it was written, byte for byte, under its own content type.",
        "parameters": [
          {
            "name": "raw",
            "in": "query",
            "description": "The bytes of the value instead of the entry.",
            "schema": {
              "type": "boolean",
              "default": false
            }
          },
          {
            "name": "revision",
            "in": "query",
            "description": "Read the key as it was at this revision.",
            "schema": {
              "$ref": "#/components/schemas/Revision"
            }
          },
          {
            "$ref": "#/components/parameters/Consistency"
          },
          {
            "$ref": "#/components/parameters/MinRevision"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          },
          {
            "name": "If-None-Match",
            "in": "header",
            "description": "An ETag; the answer is 304 when the key still has it.",
            "schema": {
              "$ref": "#/components/schemas/EntityTag"
            }
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl \"$KEYHOLD/v1/config/payments/db/pool\""
          },
          {
            "lang": "curl",
            "source": "curl \"$KEYHOLD/v1/config/payments/db/pool?raw=true\""
          }
        ],
        "responses": {
          "200": {
            "description": "The entry, or with `raw` its bytes.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "Keyhold-Consistency": {
                "$ref": "#/components/headers/Keyhold-Consistency"
              },
              "Keyhold-Staleness-Ms": {
                "$ref": "#/components/headers/Keyhold-Staleness-Ms"
              },
              "ETag": {
                "$ref": "#/components/headers/ETag"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ConfigEntry"
                },
                "example": {
                  "key": "payments/db/pool",
                  "value": {
                    "size": 20
                  },
                  "contentType": "application/json",
                  "version": 3,
                  "createRevision": 7,
                  "modRevision": 41,
                  "leaseId": null,
                  "author": null,
                  "comment": "more load",
                  "updatedAt": "2026-11-21T08:00:00.000Z"
                }
              },
              "*/*": {
                "schema": {
                  "description": "With `raw`: the bytes of the value."
                }
              }
            }
          },
          "304": {
            "description": "The key still has the ETag that was asked for.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "Keyhold-Consistency": {
                "$ref": "#/components/headers/Keyhold-Consistency"
              },
              "Keyhold-Staleness-Ms": {
                "$ref": "#/components/headers/Keyhold-Staleness-Ms"
              },
              "ETag": {
                "$ref": "#/components/headers/ETag"
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidReadRequest"
          },
          "404": {
            "$ref": "#/components/responses/KeyNotFound"
          },
          "410": {
            "$ref": "#/components/responses/Compacted"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          },
          "504": {
            "$ref": "#/components/responses/RevisionNotReached"
          }
        }
      },
      "put": {
        "operationId": "putConfig",
        "tags": [
          "config"
        ],
        "summary": "Write a key",
        "description": "The body is the value, kept byte for byte with its content type, at most 1 MiB. A JSON type (`application/json`, `*+json`)\nmust parse; `text/*` must be UTF-8; no `Content-Type` means `application/octet-stream`. Form types and content\nencodings are refused with 415: curl sends `application/x-www-form-urlencoded` unless it is told otherwise, which is hardly ever meant.\n`If-Match` and `If-None-Match` together are refused.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/IfMatch"
          },
          {
            "name": "If-None-Match",
            "in": "header",
            "description": "`*` only creates: the key must not exist.",
            "schema": {
              "type": "string",
              "const": "*"
            }
          },
          {
            "name": "lease",
            "in": "query",
            "description": "Delete the key when this lease ends.",
            "schema": {
              "$ref": "#/components/schemas/LeaseId"
            }
          },
          {
            "name": "Keyhold-Comment",
            "in": "header",
            "description": "The reason for the change, for people. UTF-8, percent-encoded where a header cannot carry it (and `%` itself as `%25`).",
            "schema": {
              "type": "string",
              "maxLength": 1024
            }
          },
          {
            "$ref": "#/components/parameters/IdempotencyKey"
          },
          {
            "$ref": "#/components/parameters/RequestSince"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X PUT \"$KEYHOLD/v1/config/payments/db/pool\" -H 'content-type: application/json' -H 'keyhold-comment: more load' -d '{\"size\":20}'"
          },
          {
            "lang": "curl",
            "source": "curl -X PUT \"$KEYHOLD/v1/config/payments/db/pool\" -H 'content-type: application/json' -H 'if-match: \"41\"' -d '{\"size\":24}'"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "description": "Any JSON."
              },
              "example": {
                "size": 20
              }
            },
            "*/*": {
              "schema": {
                "description": "Text or bytes."
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "The key was overwritten.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "ETag": {
                "$ref": "#/components/headers/ETag"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ConfigWritten"
                },
                "example": {
                  "key": "payments/db/pool",
                  "created": false,
                  "version": 3,
                  "createRevision": 7,
                  "modRevision": 41
                }
              }
            }
          },
          "201": {
            "description": "The key was created.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "ETag": {
                "$ref": "#/components/headers/ETag"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ConfigWritten"
                },
                "example": {
                  "key": "payments/db/pool",
                  "created": true,
                  "version": 1,
                  "createRevision": 7,
                  "modRevision": 7
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/LeaseNotFound"
          },
          "412": {
            "$ref": "#/components/responses/RevisionMismatch"
          },
          "413": {
            "$ref": "#/components/responses/TooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "422": {
            "$ref": "#/components/responses/RequestMismatch"
          },
          "429": {
            "$ref": "#/components/responses/LimitReached"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          },
          "507": {
            "$ref": "#/components/responses/QuotaExceeded"
          }
        }
      },
      "delete": {
        "operationId": "deleteConfig",
        "tags": [
          "config"
        ],
        "summary": "Delete a key",
        "description": "Without `If-Match` a key that does not exist answers 404; with it 412 (`actual` null).",
        "parameters": [
          {
            "$ref": "#/components/parameters/IfMatch"
          },
          {
            "$ref": "#/components/parameters/IdempotencyKey"
          },
          {
            "$ref": "#/components/parameters/RequestSince"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X DELETE \"$KEYHOLD/v1/config/payments/db/pool\""
          }
        ],
        "responses": {
          "200": {
            "description": "The key is gone.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ConfigDeleted"
                },
                "example": {
                  "key": "payments/db/pool",
                  "revision": 43
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/KeyNotFound"
          },
          "412": {
            "$ref": "#/components/responses/RevisionMismatch"
          },
          "422": {
            "$ref": "#/components/responses/RequestMismatch"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          }
        }
      }
    },
    "/v1/leases": {
      "get": {
        "operationId": "listLeases",
        "tags": [
          "leases"
        ],
        "summary": "List leases",
        "description": "Leases in the order of their grant. Each page is read at its own revision.",
        "parameters": [
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          },
          {
            "$ref": "#/components/parameters/Consistency"
          },
          {
            "$ref": "#/components/parameters/MinRevision"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl \"$KEYHOLD/v1/leases\""
          }
        ],
        "responses": {
          "200": {
            "description": "One page.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "Keyhold-Consistency": {
                "$ref": "#/components/headers/Keyhold-Consistency"
              },
              "Keyhold-Staleness-Ms": {
                "$ref": "#/components/headers/Keyhold-Staleness-Ms"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LeasePage"
                },
                "example": {
                  "revision": 50,
                  "cursor": null,
                  "items": [
                    {
                      "leaseId": "l44",
                      "ttlMs": 15000,
                      "remainingMs": 9000,
                      "owner": "worker-1",
                      "grantRevision": 44,
                      "ownedByLock": "orders/42",
                      "holdings": [
                        {
                          "kind": "lock",
                          "name": "orders/42"
                        }
                      ]
                    }
                  ]
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          },
          "504": {
            "$ref": "#/components/responses/RevisionNotReached"
          }
        }
      },
      "post": {
        "operationId": "grantLease",
        "tags": [
          "leases"
        ],
        "summary": "Grant a lease",
        "description": "Locks and config keys can be attached to it; all of them end with it.",
        "parameters": [
          {
            "$ref": "#/components/parameters/IdempotencyKey"
          },
          {
            "$ref": "#/components/parameters/RequestSince"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/leases\" -H 'content-type: application/json' -d '{\"ttlMs\":15000,\"owner\":\"worker-1\"}'"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/LeaseRequest"
              },
              "example": {
                "ttlMs": 15000,
                "owner": "worker-1"
              }
            }
          }
        },
        "responses": {
          "201": {
            "description": "The lease was granted; its TTL counts from now.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LeaseGranted"
                },
                "example": {
                  "leaseId": "l44",
                  "ttlMs": 15000,
                  "revision": 44
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "413": {
            "$ref": "#/components/responses/TooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "422": {
            "$ref": "#/components/responses/RequestMismatch"
          },
          "429": {
            "$ref": "#/components/responses/LimitReached"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          },
          "507": {
            "$ref": "#/components/responses/QuotaExceeded"
          }
        }
      }
    },
    "/v1/leases/{id}": {
      "parameters": [
        {
          "$ref": "#/components/parameters/LeaseIdInPath"
        }
      ],
      "get": {
        "operationId": "getLease",
        "tags": [
          "leases"
        ],
        "summary": "Inspect a lease",
        "parameters": [
          {
            "$ref": "#/components/parameters/Consistency"
          },
          {
            "$ref": "#/components/parameters/MinRevision"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl \"$KEYHOLD/v1/leases/l44\""
          }
        ],
        "responses": {
          "200": {
            "description": "The lease and what is attached to it.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "Keyhold-Consistency": {
                "$ref": "#/components/headers/Keyhold-Consistency"
              },
              "Keyhold-Staleness-Ms": {
                "$ref": "#/components/headers/Keyhold-Staleness-Ms"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Lease"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/LeaseNotFound"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          },
          "504": {
            "$ref": "#/components/responses/RevisionNotReached"
          }
        }
      },
      "delete": {
        "operationId": "revokeLease",
        "tags": [
          "leases"
        ],
        "summary": "End a lease now",
        "description": "Its locks are released to the next waiters and its keys deleted, at most 64 of them in a revision.",
        "parameters": [
          {
            "$ref": "#/components/parameters/IdempotencyKey"
          },
          {
            "$ref": "#/components/parameters/RequestSince"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X DELETE \"$KEYHOLD/v1/leases/l44\""
          }
        ],
        "responses": {
          "200": {
            "description": "The lease has ended.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LeaseRevoked"
                },
                "example": {
                  "leaseId": "l44",
                  "revision": 51
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/LeaseNotFound"
          },
          "422": {
            "$ref": "#/components/responses/RequestMismatch"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          }
        }
      }
    },
    "/v1/leases/{id}/keepalive": {
      "parameters": [
        {
          "$ref": "#/components/parameters/LeaseIdInPath"
        }
      ],
      "post": {
        "operationId": "keepAliveLease",
        "tags": [
          "leases"
        ],
        "summary": "Renew a lease",
        "description": "The full TTL counts again from a moment after this request was sent. It needs no `Idempotency-Key`, because renewing twice\ndoes the same as renewing once. A lease that has ended stays ended.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/leases/l44/keepalive\""
          }
        ],
        "responses": {
          "200": {
            "description": "Renewed.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LeaseRenewed"
                },
                "example": {
                  "leaseId": "l44",
                  "ttlMs": 15000
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/LeaseNotFound"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          }
        }
      }
    },
    "/v1/locks": {
      "get": {
        "operationId": "listLocks",
        "tags": [
          "locks"
        ],
        "summary": "List locks that are held or waited for",
        "description": "Names in byte order of their UTF-8. Each page is read at its own revision and shows no waiters; `getLock` shows them.",
        "parameters": [
          {
            "$ref": "#/components/parameters/Prefix"
          },
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          },
          {
            "$ref": "#/components/parameters/Consistency"
          },
          {
            "$ref": "#/components/parameters/MinRevision"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl \"$KEYHOLD/v1/locks?prefix=orders/\""
          }
        ],
        "responses": {
          "200": {
            "description": "One page.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "Keyhold-Consistency": {
                "$ref": "#/components/headers/Keyhold-Consistency"
              },
              "Keyhold-Staleness-Ms": {
                "$ref": "#/components/headers/Keyhold-Staleness-Ms"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LockPage"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          },
          "504": {
            "$ref": "#/components/responses/RevisionNotReached"
          }
        }
      }
    },
    "/v1/locks/{name}": {
      "parameters": [
        {
          "$ref": "#/components/parameters/LockName"
        }
      ],
      "get": {
        "operationId": "getLock",
        "tags": [
          "locks"
        ],
        "summary": "Inspect a lock",
        "description": "A free lock, also one that nobody ever held, has no holders and no queue. Shows at most 100 waiters.",
        "parameters": [
          {
            "$ref": "#/components/parameters/Consistency"
          },
          {
            "$ref": "#/components/parameters/MinRevision"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl \"$KEYHOLD/v1/locks/orders/42\""
          }
        ],
        "responses": {
          "200": {
            "description": "Who holds it and who waits.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "Keyhold-Consistency": {
                "$ref": "#/components/headers/Keyhold-Consistency"
              },
              "Keyhold-Staleness-Ms": {
                "$ref": "#/components/headers/Keyhold-Staleness-Ms"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Lock"
                },
                "example": {
                  "name": "orders/42",
                  "holders": [
                    {
                      "fence": 44,
                      "leaseId": "l44",
                      "owner": "worker-1",
                      "grantedAt": "2026-11-21T08:00:00.000Z",
                      "ttlMs": 15000,
                      "remainingMs": 9000
                    }
                  ],
                  "queueLength": 1,
                  "queue": [
                    {
                      "ticket": 46,
                      "position": 1,
                      "owner": "worker-2",
                      "remainingMs": 20000,
                      "leaseId": "l46",
                      "ttlMs": 15000
                    }
                  ]
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          },
          "504": {
            "$ref": "#/components/responses/RevisionNotReached"
          }
        }
      }
    },
    "/v1/locks/{name}/acquire": {
      "parameters": [
        {
          "$ref": "#/components/parameters/LockName"
        }
      ],
      "post": {
        "operationId": "acquireLock",
        "tags": [
          "locks"
        ],
        "summary": "Acquire a lock, waiting in its queue if asked to",
        "description": "With `ttlMs` the hold gets a lease of its own; with `leaseId` it is attached to that lease. With `waitMs` 0 the request\ntries once (409 `lock_held`); otherwise it joins the FIFO queue for at most `waitMs`, and the answer is held back for up to\n`holdMs`. A request that is still in the queue then is answered 202. To go on waiting, repeat the very same request with\nthe `idempotencyKey` of the 202; the place in the queue stays.\n\nA place in the queue needs a lease that has not ended. A lease of its own begins with the wait, and its full TTL counts\nagain from the grant. While a response is held back, its node renews the lease as long as the connection is open; every\nrepeat of the request renews it as well. Between them, keep it alive yourself (`POST /v1/leases/{id}/keepalive`) if\nthat takes longer than the TTL. So a waiter whose client is gone leaves the queue within one TTL after its connection\nended, and does not keep others waiting for longer; a later repeat answers 410 `lease_gone`. A client that still wants the\nlock joins again, at the end of the queue, with a new `Idempotency-Key`. The end of `waitMs` and a cancel also end a wait.\n",
        "parameters": [
          {
            "name": "holdMs",
            "in": "query",
            "description": "How long the answer may be held back. It may differ between repeats under one `Idempotency-Key`.",
            "schema": {
              "type": "integer",
              "minimum": 0,
              "maximum": 60000,
              "default": 60000
            }
          },
          {
            "$ref": "#/components/parameters/IdempotencyKey"
          },
          {
            "$ref": "#/components/parameters/RequestSince"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/locks/orders/42/acquire\" -H 'content-type: application/json' -d '{\"ttlMs\":15000,\"waitMs\":30000,\"owner\":\"worker-1\"}'"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/LockRequest"
              },
              "examples": {
                "ownLease": {
                  "value": {
                    "ttlMs": 15000,
                    "waitMs": 30000,
                    "owner": "worker-1"
                  }
                },
                "existingLease": {
                  "value": {
                    "leaseId": "l44",
                    "waitMs": 0
                  }
                }
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "The lock is held. The fence is the revision of the grant; for one name it only ever increases.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LockGranted"
                },
                "example": {
                  "name": "orders/42",
                  "fence": 44,
                  "storeId": "926a1b0dabd4396d",
                  "leaseId": "l44",
                  "ttlMs": 15000,
                  "ticket": null
                }
              }
            }
          },
          "202": {
            "description": "Still in the queue.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LockQueued"
                },
                "example": {
                  "name": "orders/42",
                  "ticket": 46,
                  "position": 1,
                  "leaseId": "l46",
                  "ttlMs": 15000,
                  "idempotencyKey": "3f0c5f1e-6a57-4a43-9d7a-9d1c5f7f4f10"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/LeaseNotFound"
          },
          "409": {
            "$ref": "#/components/responses/NotAcquired"
          },
          "410": {
            "$ref": "#/components/responses/LeaseGone"
          },
          "413": {
            "$ref": "#/components/responses/TooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "422": {
            "$ref": "#/components/responses/RequestMismatch"
          },
          "429": {
            "$ref": "#/components/responses/LimitReached"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          },
          "507": {
            "$ref": "#/components/responses/QuotaExceeded"
          }
        }
      }
    },
    "/v1/locks/{name}/release": {
      "parameters": [
        {
          "$ref": "#/components/parameters/LockName"
        }
      ],
      "post": {
        "operationId": "releaseLock",
        "tags": [
          "locks"
        ],
        "summary": "Release a hold",
        "description": "The next waiter is granted in the same log entry, at a revision of its own. A hold's own lease ends with it.",
        "parameters": [
          {
            "$ref": "#/components/parameters/IdempotencyKey"
          },
          {
            "$ref": "#/components/parameters/RequestSince"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/locks/orders/42/release\" -H 'content-type: application/json' -d '{\"leaseId\":\"l44\",\"fence\":44}'"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/ReleaseRequest"
              },
              "example": {
                "leaseId": "l44",
                "fence": 44
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "Released.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LockReleased"
                },
                "example": {
                  "name": "orders/42",
                  "fence": 44,
                  "revision": 52
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "409": {
            "$ref": "#/components/responses/NotHolder"
          },
          "413": {
            "$ref": "#/components/responses/TooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "422": {
            "$ref": "#/components/responses/RequestMismatch"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          }
        }
      }
    },
    "/v1/locks/{name}/verify": {
      "parameters": [
        {
          "$ref": "#/components/parameters/LockName"
        }
      ],
      "post": {
        "operationId": "verifyLock",
        "tags": [
          "locks"
        ],
        "summary": "Ask whether a fence still holds the lock",
        "description": "A linearizable read. The answer may be out of date when it arrives; what protects a resource is that it compares fences itself.",
        "parameters": [
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/locks/orders/42/verify\" -H 'content-type: application/json' -d '{\"fence\":44}'"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/VerifyRequest"
              },
              "example": {
                "fence": 44
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "It held the lock when it was asked.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              },
              "Keyhold-Consistency": {
                "$ref": "#/components/headers/Keyhold-Consistency"
              },
              "Keyhold-Staleness-Ms": {
                "$ref": "#/components/headers/Keyhold-Staleness-Ms"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LockVerified"
                },
                "example": {
                  "name": "orders/42",
                  "fence": 44,
                  "storeId": "926a1b0dabd4396d",
                  "leaseId": "l44",
                  "owner": "worker-1",
                  "remainingMs": 9000
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "409": {
            "$ref": "#/components/responses/NotHolder"
          },
          "413": {
            "$ref": "#/components/responses/TooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/v1/locks/{name}/queue/{ticket}": {
      "parameters": [
        {
          "$ref": "#/components/parameters/LockName"
        },
        {
          "name": "ticket",
          "in": "path",
          "required": true,
          "description": "The ticket that a 202 returned, or that the lock's queue shows.",
          "schema": {
            "$ref": "#/components/schemas/Ticket"
          }
        }
      ],
      "delete": {
        "operationId": "cancelWait",
        "tags": [
          "locks"
        ],
        "summary": "Take a waiter out of the queue",
        "description": "Answers 404 `ticket_not_found` when nobody waits under this ticket (any more), also when it was granted meanwhile.",
        "parameters": [
          {
            "$ref": "#/components/parameters/IdempotencyKey"
          },
          {
            "$ref": "#/components/parameters/RequestSince"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X DELETE \"$KEYHOLD/v1/locks/orders/42/queue/46\""
          }
        ],
        "responses": {
          "200": {
            "description": "The waiter has left the queue.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/WaitCancelled"
                },
                "example": {
                  "name": "orders/42",
                  "ticket": 46,
                  "revision": 53
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/TicketNotFound"
          },
          "422": {
            "$ref": "#/components/responses/RequestMismatch"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          }
        }
      }
    },
    "/v1/locks/{name}/holder": {
      "parameters": [
        {
          "$ref": "#/components/parameters/LockName"
        }
      ],
      "delete": {
        "operationId": "breakLock",
        "tags": [
          "locks"
        ],
        "summary": "End a hold without its holder",
        "description": "For administrators. The old holder may still believe for a while that it holds the lock; only fences protect against\nthat. A free lock answers 409 `not_holder`.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/IdempotencyKey"
          },
          {
            "$ref": "#/components/parameters/RequestSince"
          },
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X DELETE \"$KEYHOLD/v1/locks/orders/42/holder\""
          }
        ],
        "responses": {
          "200": {
            "description": "The hold with this fence has ended.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LockReleased"
                },
                "example": {
                  "name": "orders/42",
                  "fence": 44,
                  "revision": 54
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "409": {
            "$ref": "#/components/responses/NotHolder"
          },
          "422": {
            "$ref": "#/components/responses/RequestMismatch"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/WriteUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          }
        }
      }
    },
    "/v1/cluster": {
      "get": {
        "operationId": "getCluster",
        "tags": [
          "cluster"
        ],
        "summary": "The state of the answering node and of its cluster",
        "description": "The node that was asked answers from what it knows. No leader is needed.",
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl \"$KEYHOLD/v1/cluster\""
          }
        ],
        "responses": {
          "200": {
            "description": "The node's view.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ClusterStatus"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          }
        }
      }
    },
    "/v1/cluster/members": {
      "post": {
        "operationId": "addMember",
        "tags": [
          "cluster"
        ],
        "summary": "Add a node as a learner",
        "description": "A learner receives all entries and has no vote. The node may be started before or after this request (`keyhold server --join`).\nAdding a learner again under the same addresses changes nothing, and is answered once a majority has agreed. The id of a\nremoved member is refused for ever; a cluster has at most 8,192 ids, those of removed members included.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/cluster/members\" -H 'content-type: application/json' -d '{\"id\":\"n4\",\"peerUrl\":\"http://10.0.0.4:7101\",\"apiUrl\":\"http://10.0.0.4:7001\"}'"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/AddMemberRequest"
              },
              "example": {
                "id": "n4",
                "peerUrl": "http://10.0.0.4:7101",
                "apiUrl": "http://10.0.0.4:7001"
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "It is a learner already.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/MembershipChanged"
                }
              }
            }
          },
          "201": {
            "description": "It is a learner now.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/MembershipChanged"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "409": {
            "$ref": "#/components/responses/NotAdded"
          },
          "413": {
            "$ref": "#/components/responses/TooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/AdminUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          },
          "508": {
            "$ref": "#/components/responses/ForwardLoop"
          }
        }
      }
    },
    "/v1/cluster/members/{id}": {
      "parameters": [
        {
          "$ref": "#/components/parameters/MemberId"
        }
      ],
      "delete": {
        "operationId": "removeMember",
        "tags": [
          "cluster"
        ],
        "summary": "Remove a member",
        "description": "A voter leaves through a joint phase, and the answer comes when that is over. A leader that removes itself steps down\nafterwards. The removed node stops by itself. Removing it again changes nothing.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X DELETE \"$KEYHOLD/v1/cluster/members/n3\""
          }
        ],
        "responses": {
          "200": {
            "description": "It is not a member.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/MembershipChanged"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/NotMember"
          },
          "409": {
            "$ref": "#/components/responses/NotRemoved"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/AdminUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          },
          "508": {
            "$ref": "#/components/responses/ForwardLoop"
          }
        }
      }
    },
    "/v1/cluster/members/{id}/promote": {
      "parameters": [
        {
          "$ref": "#/components/parameters/MemberId"
        }
      ],
      "post": {
        "operationId": "promoteMember",
        "tags": [
          "cluster"
        ],
        "summary": "Make a learner a voter",
        "description": "Refused while the learner lags, with the number of entries that it lacks. Promoting a voter changes nothing.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/cluster/members/n4/promote\""
          }
        ],
        "responses": {
          "200": {
            "description": "It is a voter.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/MembershipChanged"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/NotMember"
          },
          "409": {
            "$ref": "#/components/responses/NotPromoted"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/AdminUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          },
          "508": {
            "$ref": "#/components/responses/ForwardLoop"
          }
        }
      }
    },
    "/v1/cluster/members/{id}/replace": {
      "parameters": [
        {
          "$ref": "#/components/parameters/MemberId"
        }
      ],
      "post": {
        "operationId": "replaceMember",
        "tags": [
          "cluster"
        ],
        "summary": "Put a learner in the place of a voter",
        "description": "Removes the voter and promotes the learner `by` in one joint change, so that the number of voters stays the same; the\nvoter may be dead. Repeating a replacement that was made changes nothing.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/cluster/members/n3/replace\" -H 'content-type: application/json' -d '{\"by\":\"n4\"}'"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/ReplaceMemberRequest"
              },
              "example": {
                "by": "n4"
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "It was replaced.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/MembershipChanged"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "404": {
            "$ref": "#/components/responses/NotMember"
          },
          "409": {
            "$ref": "#/components/responses/NotReplaced"
          },
          "413": {
            "$ref": "#/components/responses/TooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/AdminUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          },
          "508": {
            "$ref": "#/components/responses/ForwardLoop"
          }
        }
      }
    },
    "/v1/cluster/transfer": {
      "post": {
        "operationId": "transferLeadership",
        "tags": [
          "cluster"
        ],
        "summary": "Hand leadership over",
        "description": "To the voter `to`, or to the one with the longest log. Writes wait for some milliseconds meanwhile. Handing over to the node\nthat leads already changes nothing.\n",
        "parameters": [
          {
            "$ref": "#/components/parameters/Timeout"
          }
        ],
        "x-codeSamples": [
          {
            "lang": "curl",
            "source": "curl -X POST \"$KEYHOLD/v1/cluster/transfer\" -H 'content-type: application/json' -d '{\"to\":\"n2\"}'"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/TransferRequest"
              },
              "example": {
                "to": "n2"
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "Another node leads.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LeadershipTransferred"
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "409": {
            "$ref": "#/components/responses/NotTransferred"
          },
          "413": {
            "$ref": "#/components/responses/TooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "500": {
            "$ref": "#/components/responses/Internal"
          },
          "503": {
            "$ref": "#/components/responses/AdminUnavailable"
          },
          "504": {
            "$ref": "#/components/responses/OutcomeUnknown"
          },
          "508": {
            "$ref": "#/components/responses/ForwardLoop"
          }
        }
      }
    },
    "/livez": {
      "get": {
        "operationId": "getLiveness",
        "tags": [
          "ops"
        ],
        "summary": "Whether the process serves requests",
        "parameters": [
          {
            "$ref": "#/components/parameters/Verbose"
          }
        ],
        "responses": {
          "200": {
            "description": "The process serves requests.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Health"
                },
                "example": {
                  "status": "ok"
                }
              }
            }
          }
        }
      }
    },
    "/readyz": {
      "get": {
        "operationId": "getReadiness",
        "tags": [
          "ops"
        ],
        "summary": "Whether the node should get traffic",
        "description": "A node is ready when it knows a leader, lags at most 1,000 entries in applying what is committed, does not lack a part of its log that was lost, and is not shutting down.",
        "parameters": [
          {
            "$ref": "#/components/parameters/Verbose"
          }
        ],
        "responses": {
          "200": {
            "description": "Ready.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Health"
                },
                "example": {
                  "status": "ok",
                  "checks": [
                    {
                      "name": "leader",
                      "ok": true,
                      "detail": "n1 in term 4"
                    }
                  ]
                }
              }
            }
          },
          "503": {
            "$ref": "#/components/responses/NotReady"
          }
        }
      }
    },
    "/metrics": {
      "get": {
        "operationId": "getMetrics",
        "tags": [
          "ops"
        ],
        "summary": "Prometheus metrics",
        "responses": {
          "200": {
            "description": "The text exposition format.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "text/plain": {
                "schema": {
                  "type": "string"
                }
              }
            }
          }
        }
      }
    },
    "/openapi.json": {
      "get": {
        "operationId": "getOpenApi",
        "tags": [
          "ops"
        ],
        "summary": "This document as JSON",
        "responses": {
          "200": {
            "description": "OpenAPI 3.1.",
            "headers": {
              "Keyhold-Revision": {
                "$ref": "#/components/headers/Keyhold-Revision"
              },
              "Keyhold-Term": {
                "$ref": "#/components/headers/Keyhold-Term"
              },
              "Keyhold-Served-By": {
                "$ref": "#/components/headers/Keyhold-Served-By"
              },
              "Keyhold-Store": {
                "$ref": "#/components/headers/Keyhold-Store"
              },
              "Keyhold-Position": {
                "$ref": "#/components/headers/Keyhold-Position"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "additionalProperties": true
                }
              }
            }
          }
        }
      }
    }
  },
  "components": {
    "parameters": {
      "Key": {
        "name": "key",
        "in": "path",
        "required": true,
        "description": "The key. Slashes raw or as `%2F`.",
        "schema": {
          "$ref": "#/components/schemas/Key"
        }
      },
      "LockName": {
        "name": "name",
        "in": "path",
        "required": true,
        "description": "The lock's name. Slashes raw or as `%2F`.",
        "schema": {
          "$ref": "#/components/schemas/Key"
        }
      },
      "MemberId": {
        "name": "id",
        "in": "path",
        "required": true,
        "description": "The member.",
        "schema": {
          "$ref": "#/components/schemas/NodeId"
        }
      },
      "LeaseIdInPath": {
        "name": "id",
        "in": "path",
        "required": true,
        "description": "The lease.",
        "schema": {
          "$ref": "#/components/schemas/LeaseId"
        }
      },
      "Prefix": {
        "name": "prefix",
        "in": "query",
        "description": "Only names that start with it; an empty prefix selects all.",
        "schema": {
          "type": "string",
          "maxLength": 480,
          "default": ""
        }
      },
      "Limit": {
        "name": "limit",
        "in": "query",
        "description": "The most items of a page. The work for a page is bounded as well (rows looked at, and about 1 MiB of keys and values), so a\npage may hold fewer items, or none, although more follow. Only a null cursor says that a list is over.\n",
        "schema": {
          "type": "integer",
          "minimum": 1,
          "maximum": 1000,
          "default": 100
        }
      },
      "Cursor": {
        "name": "cursor",
        "in": "query",
        "description": "The cursor that the previous page returned; opaque.",
        "schema": {
          "type": "string",
          "minLength": 1,
          "maxLength": 2048
        }
      },
      "Consistency": {
        "name": "consistency",
        "in": "query",
        "description": "A `linearizable` read sees every write that was acknowledged before the request was sent; a `stale` one sees what this node has applied.",
        "schema": {
          "$ref": "#/components/schemas/Consistency"
        }
      },
      "MinRevision": {
        "name": "minRevision",
        "in": "query",
        "description": "Wait until this node has reached this revision, for example to read your own writes with `stale`.",
        "schema": {
          "$ref": "#/components/schemas/Revision"
        }
      },
      "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that the key must have, with or without quotes; `*` when it only must exist.",
        "schema": {
          "type": "string",
          "pattern": "^(\\*|[0-9]{1,16}|\"[0-9]{1,16}\")$"
        }
      },
      "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a\ndifferent request under it answers 422.\n",
        "schema": {
          "$ref": "#/components/schemas/IdempotencyKey"
        }
      },
      "RequestSince": {
        "name": "Keyhold-Request-Since",
        "in": "header",
        "description": "A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request\nthat may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.\n",
        "schema": {
          "$ref": "#/components/schemas/Position"
        }
      },
      "Timeout": {
        "name": "Keyhold-Timeout-Ms",
        "in": "header",
        "description": "For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is\nknown then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its\nown settings say (5 s by default).\n",
        "schema": {
          "type": "integer",
          "minimum": 1,
          "maximum": 86400000
        }
      },
      "Verbose": {
        "name": "verbose",
        "in": "query",
        "description": "Also list the single checks. The value does not matter, and may be left out.",
        "allowEmptyValue": true,
        "schema": {
          "type": "string"
        }
      }
    },
    "headers": {
      "Keyhold-Revision": {
        "description": "The revision that the answering node had reached.",
        "required": true,
        "schema": {
          "$ref": "#/components/schemas/Revision"
        }
      },
      "Keyhold-Term": {
        "description": "The Raft term of the answering node.",
        "required": true,
        "schema": {
          "type": "integer",
          "minimum": 0,
          "maximum": 9007199254740991
        }
      },
      "Keyhold-Served-By": {
        "description": "The node that answered.",
        "required": true,
        "schema": {
          "type": "string"
        }
      },
      "Keyhold-Store": {
        "description": "A random name of this store, which another store never has. Revisions and fences of two stores are not comparable.",
        "required": true,
        "schema": {
          "$ref": "#/components/schemas/StoreId"
        }
      },
      "Keyhold-Position": {
        "description": "The store and the last applied index of the answering node, for `Keyhold-Request-Since`.",
        "required": true,
        "schema": {
          "$ref": "#/components/schemas/Position"
        }
      },
      "Keyhold-Consistency": {
        "description": "How the read was done.",
        "required": true,
        "schema": {
          "$ref": "#/components/schemas/Consistency"
        }
      },
      "Keyhold-Staleness-Ms": {
        "description": "On stale reads: how long ago the node last heard a leader; 0 on the leader. What it shows may be that old, and older while it catches up. Absent when it has heard no leader since it started.",
        "required": false,
        "schema": {
          "type": "integer",
          "minimum": 0
        }
      },
      "ETag": {
        "description": "The key's modRevision in quotes.",
        "required": true,
        "schema": {
          "$ref": "#/components/schemas/EntityTag"
        }
      },
      "Retry-After": {
        "description": "Seconds, at least 1.",
        "required": true,
        "schema": {
          "type": "integer",
          "minimum": 1
        }
      }
    },
    "responses": {
      "InvalidRequest": {
        "description": "`invalid_request`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/InvalidRequestProblem"
            }
          }
        }
      },
      "InvalidReadRequest": {
        "description": "`invalid_request`, `future_revision`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/InvalidRequestProblem"
                },
                {
                  "$ref": "#/components/schemas/FutureRevisionProblem"
                }
              ]
            }
          }
        }
      },
      "KeyNotFound": {
        "description": "`key_not_found`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/KeyNotFoundProblem"
            }
          }
        }
      },
      "LeaseNotFound": {
        "description": "`lease_not_found`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/LeaseNotFoundProblem"
            }
          }
        }
      },
      "TicketNotFound": {
        "description": "`ticket_not_found`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/TicketNotFoundProblem"
            }
          }
        }
      },
      "NotFound": {
        "description": "`not_found`: no operation has this path.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/NotFoundProblem"
            }
          }
        }
      },
      "MethodNotAllowed": {
        "description": "`method_not_allowed`: the path exists, but not with this method.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Allow": {
            "description": "The methods of the path.",
            "required": true,
            "schema": {
              "type": "string"
            }
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/MethodNotAllowedProblem"
            }
          }
        }
      },
      "NotAcquired": {
        "description": "`lock_held`, `already_held`, `wait_timeout`, `wait_cancelled`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "description": "With `lock_held`: whole seconds until the hold ends, unless it is renewed or released.",
            "schema": {
              "type": "integer",
              "minimum": 1
            }
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/LockHeldProblem"
                },
                {
                  "$ref": "#/components/schemas/AlreadyHeldProblem"
                },
                {
                  "$ref": "#/components/schemas/WaitTimeoutProblem"
                },
                {
                  "$ref": "#/components/schemas/WaitCancelledProblem"
                }
              ]
            }
          }
        }
      },
      "NotHolder": {
        "description": "`not_holder`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/NotHolderProblem"
            }
          }
        }
      },
      "LeaseGone": {
        "description": "`lease_gone`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/LeaseGoneProblem"
            }
          }
        }
      },
      "Compacted": {
        "description": "`compacted`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/CompactedProblem"
            }
          }
        }
      },
      "RevisionMismatch": {
        "description": "`revision_mismatch`; the answer has an ETag when the key exists.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "ETag": {
            "description": "The ETag that the key has.",
            "schema": {
              "$ref": "#/components/schemas/EntityTag"
            }
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/RevisionMismatchProblem"
            }
          }
        }
      },
      "TooLarge": {
        "description": "`too_large`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/TooLargeProblem"
            }
          }
        }
      },
      "UnsupportedMediaType": {
        "description": "`unsupported_media_type`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/UnsupportedMediaTypeProblem"
            }
          }
        }
      },
      "RequestMismatch": {
        "description": "`request_mismatch`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/RequestMismatchProblem"
            }
          }
        }
      },
      "LimitReached": {
        "description": "`limit_reached`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/LimitReachedProblem"
            }
          }
        }
      },
      "QuotaExceeded": {
        "description": "`quota_exceeded`: nothing was written. Deletes, releases, renewals and puts that make their key no larger are never refused for lack of room.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/QuotaExceededProblem"
            }
          }
        }
      },
      "Malformed": {
        "description": "`invalid_request`: not HTTP/1.1 as this server reads it, or without one Host header.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/InvalidRequestProblem"
            }
          }
        }
      },
      "OriginNotAllowed": {
        "description": "`origin_not_allowed`: sent by a page of another origin.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/OriginNotAllowedProblem"
            }
          }
        }
      },
      "RequestTimeout": {
        "description": "`request_timeout`: the head or the body did not arrive in time; the connection is closed.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/RequestTimeoutProblem"
            }
          }
        }
      },
      "ExpectationFailed": {
        "description": "`expectation_failed`: `Expect` asks for something else than `100-continue`.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/ExpectationFailedProblem"
            }
          }
        }
      },
      "MisdirectedRequest": {
        "description": "`misdirected_request`: `Host` is not a name of this node.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/MisdirectedRequestProblem"
            }
          }
        }
      },
      "HeaderTooLarge": {
        "description": "`header_too_large`: more than 16 KiB or 100 headers; the connection is closed.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/HeaderTooLargeProblem"
            }
          }
        }
      },
      "TooManyConnections": {
        "description": "`overloaded`: the node has as many connections as it takes.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/OverloadedProblem"
            }
          }
        }
      },
      "Internal": {
        "description": "`internal`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/InternalProblem"
            }
          }
        }
      },
      "Unavailable": {
        "description": "`no_leader`, `overloaded`, `shutting_down`; `recovering`: this node lost data and does not have it back yet; another one can answer.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/NoLeaderProblem"
                },
                {
                  "$ref": "#/components/schemas/OverloadedProblem"
                },
                {
                  "$ref": "#/components/schemas/ShuttingDownProblem"
                },
                {
                  "$ref": "#/components/schemas/RecoveringProblem"
                }
              ]
            }
          }
        }
      },
      "WriteUnavailable": {
        "description": "`no_leader`, `overloaded`, `shutting_down`, `upgrade_in_progress`: nothing was written.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/NoLeaderProblem"
                },
                {
                  "$ref": "#/components/schemas/OverloadedProblem"
                },
                {
                  "$ref": "#/components/schemas/ShuttingDownProblem"
                },
                {
                  "$ref": "#/components/schemas/UpgradeInProgressProblem"
                }
              ]
            }
          }
        }
      },
      "AdminUnavailable": {
        "description": "`no_leader`, `shutting_down`: nothing was changed.",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/NoLeaderProblem"
                },
                {
                  "$ref": "#/components/schemas/ShuttingDownProblem"
                }
              ]
            }
          }
        }
      },
      "NotAdded": {
        "description": "`already_member`, `id_reused`, `too_many_members`, `membership_limit`, `change_in_progress`, `transfer_in_progress`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "description": "With `change_in_progress` and `transfer_in_progress`.",
            "schema": {
              "type": "integer",
              "minimum": 1
            }
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/AlreadyMemberProblem"
                },
                {
                  "$ref": "#/components/schemas/IdReusedProblem"
                },
                {
                  "$ref": "#/components/schemas/TooManyMembersProblem"
                },
                {
                  "$ref": "#/components/schemas/MembershipLimitProblem"
                },
                {
                  "$ref": "#/components/schemas/ChangeInProgressProblem"
                },
                {
                  "$ref": "#/components/schemas/TransferInProgressProblem"
                }
              ]
            }
          }
        }
      },
      "NotRemoved": {
        "description": "`last_voter`, `change_in_progress`, `transfer_in_progress`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "description": "With `change_in_progress` and `transfer_in_progress`.",
            "schema": {
              "type": "integer",
              "minimum": 1
            }
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/LastVoterProblem"
                },
                {
                  "$ref": "#/components/schemas/ChangeInProgressProblem"
                },
                {
                  "$ref": "#/components/schemas/TransferInProgressProblem"
                }
              ]
            }
          }
        }
      },
      "NotPromoted": {
        "description": "`not_caught_up`, `instance_unknown`, `change_in_progress`, `transfer_in_progress`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "description": "With `instance_unknown`, `change_in_progress` and `transfer_in_progress`.",
            "schema": {
              "type": "integer",
              "minimum": 1
            }
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/NotCaughtUpProblem"
                },
                {
                  "$ref": "#/components/schemas/InstanceUnknownProblem"
                },
                {
                  "$ref": "#/components/schemas/ChangeInProgressProblem"
                },
                {
                  "$ref": "#/components/schemas/TransferInProgressProblem"
                }
              ]
            }
          }
        }
      },
      "NotReplaced": {
        "description": "`already_member`, `not_learner`, `not_caught_up`, `instance_unknown`, `change_in_progress`, `transfer_in_progress`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "description": "With `instance_unknown`, `change_in_progress` and `transfer_in_progress`.",
            "schema": {
              "type": "integer",
              "minimum": 1
            }
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/AlreadyMemberProblem"
                },
                {
                  "$ref": "#/components/schemas/NotLearnerProblem"
                },
                {
                  "$ref": "#/components/schemas/NotCaughtUpProblem"
                },
                {
                  "$ref": "#/components/schemas/InstanceUnknownProblem"
                },
                {
                  "$ref": "#/components/schemas/ChangeInProgressProblem"
                },
                {
                  "$ref": "#/components/schemas/TransferInProgressProblem"
                }
              ]
            }
          }
        }
      },
      "NotTransferred": {
        "description": "`no_transfer_target`, `transfer_timed_out`, `transfer_in_progress`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "description": "With `change_in_progress` and `transfer_in_progress`.",
            "schema": {
              "type": "integer",
              "minimum": 1
            }
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "oneOf": [
                {
                  "$ref": "#/components/schemas/NoTransferTargetProblem"
                },
                {
                  "$ref": "#/components/schemas/TransferTimedOutProblem"
                },
                {
                  "$ref": "#/components/schemas/TransferInProgressProblem"
                }
              ]
            }
          }
        }
      },
      "NotMember": {
        "description": "`not_member`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/NotMemberProblem"
            }
          }
        }
      },
      "ForwardLoop": {
        "description": "`forward_loop`: another node forwarded the request to this one as the leader, which it is not (any more).",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/ForwardLoopProblem"
            }
          }
        }
      },
      "NotReady": {
        "description": "`not_ready`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          },
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/NotReadyProblem"
            }
          }
        }
      },
      "OutcomeUnknown": {
        "description": "`outcome_unknown`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/OutcomeUnknownProblem"
            }
          }
        }
      },
      "RevisionNotReached": {
        "description": "`revision_not_reached`",
        "headers": {
          "Keyhold-Revision": {
            "$ref": "#/components/headers/Keyhold-Revision"
          },
          "Keyhold-Term": {
            "$ref": "#/components/headers/Keyhold-Term"
          },
          "Keyhold-Served-By": {
            "$ref": "#/components/headers/Keyhold-Served-By"
          },
          "Keyhold-Store": {
            "$ref": "#/components/headers/Keyhold-Store"
          },
          "Keyhold-Position": {
            "$ref": "#/components/headers/Keyhold-Position"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/RevisionNotReachedProblem"
            }
          }
        }
      }
    },
    "schemas": {
      "Revision": {
        "type": "integer",
        "minimum": 0,
        "maximum": 9007199254740991,
        "description": "The store's counter; 0 is the empty store.",
        "example": 42
      },
      "Fence": {
        "type": "integer",
        "minimum": 1,
        "maximum": 9007199254740991,
        "description": "The revision at which a hold was granted.",
        "example": 44
      },
      "Ticket": {
        "type": "integer",
        "minimum": 1,
        "maximum": 9007199254740991,
        "description": "The revision at which a waiter joined a queue.",
        "example": 46
      },
      "LeaseId": {
        "type": "string",
        "pattern": "^l[1-9][0-9]{0,15}$",
        "description": "Never reused.",
        "example": "l44"
      },
      "Key": {
        "type": "string",
        "minLength": 1,
        "maxLength": 480,
        "pattern": "^(?!(?:.*/)?\\.{1,2}(?:/|$))[^\\u0000-\\u001f\\u007f-\\u009f]+$",
        "description": "1 to 480 bytes of UTF-8, no control characters, no `.` or `..` between slashes.",
        "example": "payments/db/pool"
      },
      "IdempotencyKey": {
        "type": "string",
        "pattern": "^[!-~]{1,128}$",
        "example": "3f0c5f1e-6a57-4a43-9d7a-9d1c5f7f4f10"
      },
      "Position": {
        "type": "string",
        "pattern": "^[!-~]{1,128}\\.[0-9]{1,15}$",
        "description": "A `StoreId`, a dot, and an index of its log.",
        "example": "0b8b3a52-6c0e-4f5e-9f57-6a3c1d2e4f50.1042"
      },
      "EntityTag": {
        "type": "string",
        "pattern": "^([0-9]{1,16}|\"[0-9]{1,16}\")$",
        "description": "A modRevision in quotes; in requests the quotes may be left out.",
        "example": "\"41\""
      },
      "Consistency": {
        "type": "string",
        "enum": [
          "linearizable",
          "stale"
        ],
        "default": "linearizable"
      },
      "TtlMs": {
        "type": "integer",
        "minimum": 500,
        "maximum": 86400000,
        "description": "500 ms to 24 h.",
        "example": 15000
      },
      "WaitMs": {
        "type": "integer",
        "minimum": 0,
        "maximum": 86400000,
        "default": 0,
        "description": "The longest time in the queue; 0 tries once."
      },
      "Owner": {
        "type": "string",
        "minLength": 1,
        "maxLength": 256,
        "description": "Who holds, waits or renews, for people; it decides nothing. At most 256 bytes of UTF-8.",
        "example": "worker-1"
      },
      "RemainingMs": {
        "type": "integer",
        "minimum": 0,
        "description": "Cluster time that was left at the moment of the answer."
      },
      "ConfigItem": {
        "type": "object",
        "required": [
          "key",
          "contentType",
          "version",
          "createRevision",
          "modRevision",
          "leaseId",
          "author",
          "comment",
          "updatedAt"
        ],
        "properties": {
          "key": {
            "$ref": "#/components/schemas/Key"
          },
          "value": {
            "description": "Of a JSON content type: the JSON. Of `text/*`: a string. Of anything else: the bytes in base64, and `encoding` says so.\nAbsent from lists of keys only.\n"
          },
          "encoding": {
            "type": "string",
            "const": "base64",
            "description": "Present when `value` is base64."
          },
          "contentType": {
            "type": "string",
            "example": "application/json"
          },
          "version": {
            "type": "integer",
            "minimum": 1,
            "description": "1, 2, ... since the key was created."
          },
          "createRevision": {
            "$ref": "#/components/schemas/Revision"
          },
          "modRevision": {
            "$ref": "#/components/schemas/Revision"
          },
          "leaseId": {
            "description": "The key is deleted when this lease ends; null when it has none.",
            "oneOf": [
              {
                "$ref": "#/components/schemas/LeaseId"
              },
              {
                "type": "null"
              }
            ]
          },
          "author": {
            "type": [
              "string",
              "null"
            ]
          },
          "comment": {
            "type": [
              "string",
              "null"
            ]
          },
          "updatedAt": {
            "type": "string",
            "format": "date-time",
            "description": "By the wall clock of the leader, for people."
          }
        }
      },
      "ConfigEntry": {
        "allOf": [
          {
            "$ref": "#/components/schemas/ConfigItem"
          },
          {
            "type": "object",
            "required": [
              "value"
            ],
            "properties": {
              "value": {}
            }
          }
        ]
      },
      "ConfigPage": {
        "type": "object",
        "required": [
          "items",
          "cursor",
          "revision"
        ],
        "properties": {
          "items": {
            "type": "array",
            "maxItems": 1000,
            "items": {
              "$ref": "#/components/schemas/ConfigItem"
            }
          },
          "cursor": {
            "type": [
              "string",
              "null"
            ],
            "description": "For the next page, also after one with few items or none; null after the last."
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "ConfigWritten": {
        "type": "object",
        "required": [
          "key",
          "created",
          "version",
          "createRevision",
          "modRevision"
        ],
        "properties": {
          "key": {
            "$ref": "#/components/schemas/Key"
          },
          "created": {
            "type": "boolean"
          },
          "version": {
            "type": "integer",
            "minimum": 1
          },
          "createRevision": {
            "$ref": "#/components/schemas/Revision"
          },
          "modRevision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "ConfigDeleted": {
        "type": "object",
        "required": [
          "key",
          "revision"
        ],
        "properties": {
          "key": {
            "$ref": "#/components/schemas/Key"
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "LeaseRequest": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "ttlMs"
        ],
        "properties": {
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "owner": {
            "$ref": "#/components/schemas/Owner"
          }
        }
      },
      "LeaseGranted": {
        "type": "object",
        "required": [
          "leaseId",
          "ttlMs",
          "revision"
        ],
        "properties": {
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "LeaseRenewed": {
        "type": "object",
        "required": [
          "leaseId",
          "ttlMs"
        ],
        "properties": {
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          }
        }
      },
      "LeaseRevoked": {
        "type": "object",
        "required": [
          "leaseId",
          "revision"
        ],
        "properties": {
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "Lease": {
        "type": "object",
        "required": [
          "leaseId",
          "ttlMs",
          "remainingMs",
          "owner",
          "grantRevision",
          "ownedByLock",
          "holdings"
        ],
        "properties": {
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "remainingMs": {
            "$ref": "#/components/schemas/RemainingMs"
          },
          "owner": {
            "type": [
              "string",
              "null"
            ]
          },
          "grantRevision": {
            "$ref": "#/components/schemas/Revision"
          },
          "ownedByLock": {
            "type": [
              "string",
              "null"
            ],
            "description": "The lock whose wait or hold owns this lease; it ends with that."
          },
          "holdings": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/LeaseHolding"
            }
          }
        },
        "example": {
          "leaseId": "l44",
          "ttlMs": 15000,
          "remainingMs": 9000,
          "owner": "worker-1",
          "grantRevision": 44,
          "ownedByLock": "orders/42",
          "holdings": [
            {
              "kind": "lock",
              "name": "orders/42"
            }
          ]
        }
      },
      "LeaseHolding": {
        "oneOf": [
          {
            "type": "object",
            "required": [
              "kind",
              "name"
            ],
            "properties": {
              "kind": {
                "const": "lock"
              },
              "name": {
                "$ref": "#/components/schemas/Key"
              }
            }
          },
          {
            "type": "object",
            "required": [
              "kind",
              "name",
              "ticket"
            ],
            "properties": {
              "kind": {
                "const": "waiter"
              },
              "name": {
                "$ref": "#/components/schemas/Key"
              },
              "ticket": {
                "$ref": "#/components/schemas/Ticket"
              }
            }
          },
          {
            "type": "object",
            "required": [
              "kind",
              "key"
            ],
            "properties": {
              "kind": {
                "const": "config"
              },
              "key": {
                "$ref": "#/components/schemas/Key"
              }
            }
          }
        ]
      },
      "LeasePage": {
        "type": "object",
        "required": [
          "items",
          "cursor",
          "revision"
        ],
        "properties": {
          "items": {
            "type": "array",
            "maxItems": 1000,
            "items": {
              "$ref": "#/components/schemas/Lease"
            }
          },
          "cursor": {
            "type": [
              "string",
              "null"
            ],
            "description": "For the next page, also after one with few items or none; null after the last."
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "LockRequest": {
        "oneOf": [
          {
            "$ref": "#/components/schemas/LockRequestWithTtl"
          },
          {
            "$ref": "#/components/schemas/LockRequestWithLease"
          }
        ]
      },
      "LockRequestWithTtl": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "ttlMs"
        ],
        "properties": {
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "waitMs": {
            "$ref": "#/components/schemas/WaitMs"
          },
          "owner": {
            "$ref": "#/components/schemas/Owner"
          }
        }
      },
      "LockRequestWithLease": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "leaseId"
        ],
        "properties": {
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "waitMs": {
            "$ref": "#/components/schemas/WaitMs"
          },
          "owner": {
            "$ref": "#/components/schemas/Owner"
          }
        }
      },
      "StoreId": {
        "description": "Names one store: made at random when a cluster begins, and never again, also not for a new cluster on the same addresses. Fences grow within one store, so a resource that is guarded against stale holders keeps the store's id beside the highest fence.",
        "type": "string",
        "minLength": 1,
        "maxLength": 128
      },
      "LockGranted": {
        "type": "object",
        "required": [
          "name",
          "fence",
          "storeId",
          "leaseId",
          "ttlMs",
          "ticket"
        ],
        "properties": {
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "fence": {
            "$ref": "#/components/schemas/Fence"
          },
          "storeId": {
            "$ref": "#/components/schemas/StoreId"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "ticket": {
            "description": "The ticket under which it waited; null when the lock was free.",
            "oneOf": [
              {
                "$ref": "#/components/schemas/Ticket"
              },
              {
                "type": "null"
              }
            ]
          }
        }
      },
      "LockQueued": {
        "type": "object",
        "required": [
          "name",
          "ticket",
          "position",
          "leaseId",
          "ttlMs",
          "idempotencyKey"
        ],
        "properties": {
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "ticket": {
            "$ref": "#/components/schemas/Ticket"
          },
          "position": {
            "type": "integer",
            "minimum": 1,
            "description": "The place in the queue, 1 for the next; may count waiters before it whose end is due."
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "idempotencyKey": {
            "$ref": "#/components/schemas/IdempotencyKey"
          }
        }
      },
      "ReleaseRequest": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "leaseId",
          "fence"
        ],
        "properties": {
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "fence": {
            "$ref": "#/components/schemas/Fence"
          }
        }
      },
      "VerifyRequest": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "fence"
        ],
        "properties": {
          "fence": {
            "$ref": "#/components/schemas/Fence"
          }
        }
      },
      "LockVerified": {
        "type": "object",
        "required": [
          "name",
          "fence",
          "storeId",
          "leaseId",
          "owner",
          "remainingMs"
        ],
        "properties": {
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "fence": {
            "$ref": "#/components/schemas/Fence"
          },
          "storeId": {
            "$ref": "#/components/schemas/StoreId"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "owner": {
            "type": [
              "string",
              "null"
            ]
          },
          "remainingMs": {
            "$ref": "#/components/schemas/RemainingMs"
          }
        }
      },
      "LockReleased": {
        "type": "object",
        "required": [
          "name",
          "fence",
          "revision"
        ],
        "properties": {
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "fence": {
            "$ref": "#/components/schemas/Fence"
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "WaitCancelled": {
        "type": "object",
        "required": [
          "name",
          "ticket",
          "revision"
        ],
        "properties": {
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "ticket": {
            "$ref": "#/components/schemas/Ticket"
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "LockHolder": {
        "type": "object",
        "required": [
          "fence",
          "leaseId",
          "owner",
          "grantedAt"
        ],
        "properties": {
          "fence": {
            "$ref": "#/components/schemas/Fence"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "owner": {
            "type": [
              "string",
              "null"
            ]
          },
          "grantedAt": {
            "type": "string",
            "format": "date-time",
            "description": "By the wall clock of the leader, for people."
          }
        }
      },
      "LockWaiter": {
        "type": "object",
        "required": [
          "ticket",
          "position",
          "owner",
          "remainingMs",
          "leaseId",
          "ttlMs"
        ],
        "properties": {
          "ticket": {
            "$ref": "#/components/schemas/Ticket"
          },
          "position": {
            "type": "integer",
            "minimum": 1
          },
          "owner": {
            "type": [
              "string",
              "null"
            ]
          },
          "remainingMs": {
            "$ref": "#/components/schemas/RemainingMs"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          }
        }
      },
      "Lock": {
        "type": "object",
        "required": [
          "name",
          "holders",
          "queueLength",
          "queue"
        ],
        "properties": {
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "holders": {
            "type": "array",
            "description": "In grant order; empty when the lock is free.",
            "items": {
              "allOf": [
                {
                  "$ref": "#/components/schemas/LockHolder"
                },
                {
                  "type": "object",
                  "required": [
                    "ttlMs",
                    "remainingMs"
                  ],
                  "properties": {
                    "ttlMs": {
                      "$ref": "#/components/schemas/TtlMs"
                    },
                    "remainingMs": {
                      "$ref": "#/components/schemas/RemainingMs"
                    }
                  }
                }
              ]
            }
          },
          "queueLength": {
            "type": "integer",
            "minimum": 0
          },
          "queue": {
            "type": "array",
            "description": "The first waiters in order.",
            "items": {
              "$ref": "#/components/schemas/LockWaiter"
            }
          }
        }
      },
      "LockPage": {
        "type": "object",
        "required": [
          "items",
          "cursor",
          "revision"
        ],
        "properties": {
          "items": {
            "type": "array",
            "maxItems": 1000,
            "items": {
              "$ref": "#/components/schemas/Lock"
            }
          },
          "cursor": {
            "type": [
              "string",
              "null"
            ],
            "description": "For the next page, also after one with few items or none; null after the last."
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "ClusterStatus": {
        "type": "object",
        "required": [
          "clusterId",
          "storeId",
          "nodeId",
          "role",
          "term",
          "leaderId",
          "commitIndex",
          "appliedIndex",
          "firstIndex",
          "lastIndex",
          "revision",
          "compactRevision",
          "clusterTimeMs",
          "clusterVersion",
          "stateBytes",
          "stateBytesMax",
          "quarantined",
          "joint",
          "members",
          "removed",
          "snapshotsSending",
          "snapshotReceiving",
          "pendingProposals",
          "pendingReads",
          "watches"
        ],
        "properties": {
          "clusterId": {
            "type": "string"
          },
          "storeId": {
            "type": "string",
            "description": "Random, made when the cluster began; revisions and fences of two stores are not comparable."
          },
          "nodeId": {
            "type": "string"
          },
          "role": {
            "type": "string",
            "enum": [
              "follower",
              "preCandidate",
              "candidate",
              "leader"
            ]
          },
          "term": {
            "type": "integer",
            "minimum": 0
          },
          "leaderId": {
            "type": [
              "string",
              "null"
            ]
          },
          "commitIndex": {
            "type": "integer",
            "minimum": 0
          },
          "appliedIndex": {
            "type": "integer",
            "minimum": 0
          },
          "firstIndex": {
            "type": "integer",
            "minimum": 0
          },
          "lastIndex": {
            "type": "integer",
            "minimum": 0
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          },
          "compactRevision": {
            "$ref": "#/components/schemas/Revision"
          },
          "clusterTimeMs": {
            "type": "integer",
            "minimum": 0
          },
          "clusterVersion": {
            "type": "integer",
            "minimum": 1,
            "description": "Commands up to this version may be written; it rises when every member supports the next."
          },
          "stateBytes": {
            "type": "integer",
            "minimum": 0,
            "description": "What the state counts for towards its quota, history included; the same on every node."
          },
          "stateBytesMax": {
            "type": "integer",
            "minimum": 1,
            "description": "The quota: the smallest of what the members can hold. Beyond it writes are refused with `quota_exceeded`."
          },
          "quarantined": {
            "type": "boolean",
            "description": "Its disk lost part of the log; until a leader has sent that again it votes for nobody, and answers stale reads with `recovering`."
          },
          "joint": {
            "type": "boolean",
            "description": "A change of voters is under way: decisions need a majority of the old voters and one of the new."
          },
          "removed": {
            "type": "array",
            "description": "Ids that were members once; they are refused for ever.",
            "items": {
              "type": "string"
            }
          },
          "snapshotsSending": {
            "type": "array",
            "description": "Snapshots of the whole state that this node is sending to other members.",
            "items": {
              "$ref": "#/components/schemas/SnapshotProgress"
            }
          },
          "snapshotReceiving": {
            "description": "The snapshot that this node is receiving; null when there is none.",
            "oneOf": [
              {
                "$ref": "#/components/schemas/SnapshotProgress"
              },
              {
                "type": "null"
              }
            ]
          },
          "members": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/Member"
            }
          },
          "pendingProposals": {
            "type": "integer",
            "minimum": 0
          },
          "pendingReads": {
            "type": "integer",
            "minimum": 0
          },
          "watches": {
            "type": "integer",
            "minimum": 0
          }
        },
        "example": {
          "clusterId": "c1",
          "storeId": "s1",
          "nodeId": "n1",
          "role": "leader",
          "term": 4,
          "leaderId": "n1",
          "commitIndex": 90,
          "appliedIndex": 90,
          "firstIndex": 1,
          "lastIndex": 90,
          "revision": 42,
          "compactRevision": 0,
          "clusterTimeMs": 120000,
          "clusterVersion": 1,
          "stateBytes": 4096,
          "stateBytesMax": 2147483648,
          "quarantined": false,
          "joint": false,
          "removed": [],
          "snapshotsSending": [],
          "snapshotReceiving": null,
          "members": [
            {
              "id": "n1",
              "kind": "voter",
              "apiUrl": "http://127.0.0.1:7001",
              "peerUrl": "http://127.0.0.1:7101",
              "matchIndex": 90,
              "lagEntries": 0,
              "version": 1
            }
          ],
          "pendingProposals": 0,
          "pendingReads": 0,
          "watches": 0
        }
      },
      "Member": {
        "type": "object",
        "required": [
          "id",
          "kind",
          "apiUrl",
          "peerUrl",
          "matchIndex",
          "lagEntries",
          "version"
        ],
        "properties": {
          "id": {
            "type": "string"
          },
          "kind": {
            "type": "string",
            "enum": [
              "voter",
              "learner",
              "leaving"
            ]
          },
          "apiUrl": {
            "type": "string"
          },
          "peerUrl": {
            "type": "string"
          },
          "matchIndex": {
            "type": [
              "integer",
              "null"
            ],
            "minimum": 0,
            "description": "Up to which index its log is known to match the leader's; null unless the leader was asked."
          },
          "lagEntries": {
            "type": [
              "integer",
              "null"
            ],
            "minimum": 0,
            "description": "How many entries of the leader's log it is not known to hold; null unless the leader was asked."
          },
          "version": {
            "type": [
              "integer",
              "null"
            ],
            "minimum": 1,
            "description": "The newest cluster version that it supports; null until it has published one."
          }
        }
      },
      "SnapshotProgress": {
        "type": "object",
        "description": "How much of it the receiver has.",
        "required": [
          "peer",
          "chunks",
          "bytes"
        ],
        "properties": {
          "peer": {
            "type": "string",
            "description": "The node at the other end."
          },
          "chunks": {
            "type": "integer",
            "minimum": 0
          },
          "bytes": {
            "type": "integer",
            "minimum": 0
          }
        }
      },
      "NodeId": {
        "type": "string",
        "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"
      },
      "NodeUrl": {
        "type": "string",
        "maxLength": 320,
        "pattern": "^https?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$",
        "description": "`http://host:port`, without a path; the host in ASCII, an international name as `xn--`."
      },
      "AddMemberRequest": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "peerUrl",
          "apiUrl"
        ],
        "properties": {
          "id": {
            "description": "An id that no member ever had.",
            "$ref": "#/components/schemas/NodeId"
          },
          "peerUrl": {
            "description": "Where other nodes reach it, by plain HTTP: an https URL is refused with `invalid_request`.",
            "$ref": "#/components/schemas/NodeUrl"
          },
          "apiUrl": {
            "description": "Where clients reach it.",
            "$ref": "#/components/schemas/NodeUrl"
          }
        }
      },
      "ReplaceMemberRequest": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "by"
        ],
        "properties": {
          "by": {
            "description": "A learner that has caught up.",
            "$ref": "#/components/schemas/NodeId"
          }
        }
      },
      "TransferRequest": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "to": {
            "description": "A voter that was heard within an election timeout; by default the one of these with the longest log.",
            "$ref": "#/components/schemas/NodeId"
          }
        }
      },
      "MembershipChanged": {
        "type": "object",
        "required": [
          "changed",
          "members"
        ],
        "properties": {
          "changed": {
            "type": "boolean",
            "description": "False when nothing had to be changed."
          },
          "members": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/Member"
            }
          }
        },
        "example": {
          "changed": true,
          "members": [
            {
              "id": "n1",
              "kind": "voter",
              "apiUrl": "http://127.0.0.1:7001",
              "peerUrl": "http://127.0.0.1:7101",
              "matchIndex": 90,
              "lagEntries": 0,
              "version": 1
            }
          ]
        }
      },
      "LeadershipTransferred": {
        "type": "object",
        "required": [
          "leaderId",
          "term"
        ],
        "properties": {
          "leaderId": {
            "type": "string"
          },
          "term": {
            "type": "integer",
            "minimum": 0
          }
        },
        "example": {
          "leaderId": "n2",
          "term": 5
        }
      },
      "Health": {
        "type": "object",
        "required": [
          "status"
        ],
        "properties": {
          "status": {
            "const": "ok"
          },
          "checks": {
            "type": "array",
            "description": "With `verbose`.",
            "items": {
              "$ref": "#/components/schemas/HealthCheck"
            }
          }
        }
      },
      "HealthCheck": {
        "type": "object",
        "required": [
          "name",
          "ok",
          "detail"
        ],
        "properties": {
          "name": {
            "type": "string"
          },
          "ok": {
            "type": "boolean"
          },
          "detail": {
            "type": "string"
          }
        }
      },
      "ErrorCode": {
        "type": "string",
        "enum": [
          "invalid_request",
          "future_revision",
          "key_not_found",
          "lease_not_found",
          "ticket_not_found",
          "not_found",
          "method_not_allowed",
          "lock_held",
          "already_held",
          "wait_timeout",
          "wait_cancelled",
          "not_holder",
          "lease_gone",
          "compacted",
          "revision_mismatch",
          "too_large",
          "unsupported_media_type",
          "request_mismatch",
          "limit_reached",
          "quota_exceeded",
          "internal",
          "no_leader",
          "overloaded",
          "shutting_down",
          "not_ready",
          "outcome_unknown",
          "revision_not_reached",
          "already_member",
          "id_reused",
          "too_many_members",
          "membership_limit",
          "not_member",
          "not_learner",
          "not_caught_up",
          "instance_unknown",
          "last_voter",
          "change_in_progress",
          "transfer_in_progress",
          "no_transfer_target",
          "transfer_timed_out",
          "upgrade_in_progress",
          "forward_loop",
          "recovering",
          "origin_not_allowed",
          "request_timeout",
          "expectation_failed",
          "misdirected_request",
          "header_too_large"
        ]
      },
      "Problem": {
        "type": "object",
        "required": [
          "type",
          "title",
          "status",
          "detail",
          "code"
        ],
        "properties": {
          "type": {
            "type": "string",
            "pattern": "^urn:keyhold:problem:[a-z_]+$",
            "description": "`urn:keyhold:problem:` and the code."
          },
          "title": {
            "type": "string",
            "description": "The same for every problem of a code."
          },
          "status": {
            "type": "integer",
            "minimum": 400,
            "maximum": 599
          },
          "detail": {
            "type": "string",
            "description": "Describes this case, for people."
          },
          "code": {
            "$ref": "#/components/schemas/ErrorCode"
          }
        }
      },
      "InvalidRequestProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "invalid_request"
              },
              "status": {
                "const": 400
              },
              "title": {
                "const": "The request is malformed"
              },
              "errors": {
                "type": "array",
                "description": "Each fault with its place.",
                "items": {
                  "type": "object",
                  "required": [
                    "path",
                    "message"
                  ],
                  "properties": {
                    "path": {
                      "type": "string"
                    },
                    "message": {
                      "type": "string"
                    }
                  }
                }
              }
            }
          }
        ]
      },
      "FutureRevisionProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "revision"
            ],
            "properties": {
              "code": {
                "const": "future_revision"
              },
              "status": {
                "const": 400
              },
              "title": {
                "const": "The revision does not exist yet"
              },
              "revision": {
                "description": "The newest revision.",
                "$ref": "#/components/schemas/Revision"
              }
            }
          }
        ]
      },
      "KeyNotFoundProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "key_not_found"
              },
              "status": {
                "const": 404
              },
              "title": {
                "const": "The key does not exist"
              }
            }
          }
        ]
      },
      "LeaseNotFoundProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "leaseId"
            ],
            "properties": {
              "code": {
                "const": "lease_not_found"
              },
              "status": {
                "const": 404
              },
              "title": {
                "const": "The lease does not exist or has ended"
              },
              "leaseId": {
                "$ref": "#/components/schemas/LeaseId"
              }
            }
          }
        ]
      },
      "TicketNotFoundProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "ticket"
            ],
            "properties": {
              "code": {
                "const": "ticket_not_found"
              },
              "status": {
                "const": 404
              },
              "title": {
                "const": "Nobody waits under this ticket"
              },
              "ticket": {
                "$ref": "#/components/schemas/Ticket"
              }
            }
          }
        ]
      },
      "NotFoundProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "not_found"
              },
              "status": {
                "const": 404
              },
              "title": {
                "const": "There is nothing at this path"
              }
            }
          }
        ]
      },
      "MethodNotAllowedProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "allow"
            ],
            "properties": {
              "code": {
                "const": "method_not_allowed"
              },
              "status": {
                "const": 405
              },
              "title": {
                "const": "The path does not know this verb"
              },
              "allow": {
                "type": "array",
                "items": {
                  "type": "string"
                }
              }
            }
          }
        ]
      },
      "LockHeldProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "holder",
              "remainingMs",
              "queueLength",
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "lock_held"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "Somebody holds the lock"
              },
              "holder": {
                "$ref": "#/components/schemas/LockHolder"
              },
              "remainingMs": {
                "$ref": "#/components/schemas/RemainingMs"
              },
              "queueLength": {
                "type": "integer",
                "minimum": 0
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "AlreadyHeldProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "leaseId"
            ],
            "properties": {
              "code": {
                "const": "already_held"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "This lease holds the lock or waits for it"
              },
              "leaseId": {
                "$ref": "#/components/schemas/LeaseId"
              }
            }
          }
        ]
      },
      "WaitTimeoutProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "ticket"
            ],
            "properties": {
              "code": {
                "const": "wait_timeout"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The wait ended before the lock was free"
              },
              "ticket": {
                "$ref": "#/components/schemas/Ticket"
              }
            }
          }
        ]
      },
      "WaitCancelledProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "ticket"
            ],
            "properties": {
              "code": {
                "const": "wait_cancelled"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "Somebody took the waiter out of the queue"
              },
              "ticket": {
                "$ref": "#/components/schemas/Ticket"
              }
            }
          }
        ]
      },
      "NotHolderProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "holderFence"
            ],
            "properties": {
              "code": {
                "const": "not_holder"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "This fence does not hold the lock"
              },
              "holderFence": {
                "description": "The fence that holds the lock instead; null when it is free.",
                "oneOf": [
                  {
                    "$ref": "#/components/schemas/Fence"
                  },
                  {
                    "type": "null"
                  }
                ]
              }
            }
          }
        ]
      },
      "LeaseGoneProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "leaseId"
            ],
            "properties": {
              "code": {
                "const": "lease_gone"
              },
              "status": {
                "const": 410
              },
              "title": {
                "const": "The lease ended while its owner waited"
              },
              "leaseId": {
                "$ref": "#/components/schemas/LeaseId"
              }
            }
          }
        ]
      },
      "CompactedProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "compactRevision"
            ],
            "properties": {
              "code": {
                "const": "compacted"
              },
              "status": {
                "const": 410
              },
              "title": {
                "const": "The revision is no longer kept"
              },
              "compactRevision": {
                "description": "The oldest revision that is kept.",
                "$ref": "#/components/schemas/Revision"
              }
            }
          }
        ]
      },
      "RevisionMismatchProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "actual"
            ],
            "properties": {
              "code": {
                "const": "revision_mismatch"
              },
              "status": {
                "const": 412
              },
              "title": {
                "const": "The key has another revision"
              },
              "actual": {
                "description": "The key's modRevision; null when it does not exist.",
                "oneOf": [
                  {
                    "$ref": "#/components/schemas/Revision"
                  },
                  {
                    "type": "null"
                  }
                ]
              }
            }
          }
        ]
      },
      "TooLargeProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "bytesMax"
            ],
            "properties": {
              "code": {
                "const": "too_large"
              },
              "status": {
                "const": 413
              },
              "title": {
                "const": "The body is too large"
              },
              "bytesMax": {
                "type": "integer",
                "minimum": 1
              }
            }
          }
        ]
      },
      "UnsupportedMediaTypeProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "unsupported_media_type"
              },
              "status": {
                "const": 415
              },
              "title": {
                "const": "The content type or encoding is not accepted here"
              }
            }
          }
        ]
      },
      "RequestMismatchProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "request_mismatch"
              },
              "status": {
                "const": 422
              },
              "title": {
                "const": "The Idempotency-Key named another request before"
              }
            }
          }
        ]
      },
      "LimitReachedProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "limit",
              "max",
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "limit_reached"
              },
              "status": {
                "const": 429
              },
              "title": {
                "const": "A limit of the store is reached"
              },
              "limit": {
                "type": "string",
                "enum": [
                  "leases",
                  "queueLength",
                  "holdingsPerLease"
                ]
              },
              "max": {
                "type": "integer",
                "minimum": 0
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "QuotaExceededProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "used",
              "limit"
            ],
            "properties": {
              "code": {
                "const": "quota_exceeded"
              },
              "status": {
                "const": 507
              },
              "title": {
                "const": "The store is full"
              },
              "used": {
                "description": "Bytes that the state counts for.",
                "type": "integer",
                "minimum": 0
              },
              "limit": {
                "description": "What the smallest member can hold.",
                "type": "integer",
                "minimum": 0
              }
            }
          }
        ]
      },
      "InternalProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "internal"
              },
              "status": {
                "const": 500
              },
              "title": {
                "const": "The node failed"
              }
            }
          }
        ]
      },
      "NoLeaderProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "no_leader"
              },
              "status": {
                "const": 503
              },
              "title": {
                "const": "No leader could be reached"
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "OverloadedProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "limit",
              "max",
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "overloaded"
              },
              "status": {
                "const": 503
              },
              "title": {
                "const": "A queue of the node is full"
              },
              "limit": {
                "type": "string"
              },
              "max": {
                "type": "integer",
                "minimum": 0
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "ShuttingDownProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "shutting_down"
              },
              "status": {
                "const": 503
              },
              "title": {
                "const": "The node is shutting down"
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "RecoveringProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "recovering"
              },
              "status": {
                "const": 503
              },
              "title": {
                "const": "The node has not got its data back yet"
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "OriginNotAllowedProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "origin_not_allowed"
              },
              "status": {
                "const": 403
              },
              "title": {
                "const": "The page may not use this node"
              }
            }
          }
        ]
      },
      "RequestTimeoutProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "request_timeout"
              },
              "status": {
                "const": 408
              },
              "title": {
                "const": "The request did not arrive in time"
              }
            }
          }
        ]
      },
      "ExpectationFailedProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "expectation_failed"
              },
              "status": {
                "const": 417
              },
              "title": {
                "const": "The expectation cannot be met"
              }
            }
          }
        ]
      },
      "MisdirectedRequestProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "misdirected_request"
              },
              "status": {
                "const": 421
              },
              "title": {
                "const": "The request is for another host"
              }
            }
          }
        ]
      },
      "HeaderTooLargeProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "header_too_large"
              },
              "status": {
                "const": 431
              },
              "title": {
                "const": "The head of the request is too large"
              }
            }
          }
        ]
      },
      "NotReadyProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "not_ready"
              },
              "status": {
                "const": 503
              },
              "title": {
                "const": "The node should not get traffic"
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              },
              "checks": {
                "type": "array",
                "description": "With `verbose`.",
                "items": {
                  "$ref": "#/components/schemas/HealthCheck"
                }
              }
            }
          }
        ]
      },
      "OutcomeUnknownProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "outcome_unknown"
              },
              "status": {
                "const": 504
              },
              "title": {
                "const": "The write may or may not happen"
              },
              "forgotten": {
                "const": true,
                "description": "Nothing was done now, and no repeat under this `Idempotency-Key` and `Keyhold-Request-Since` will be carried out or answered with an outcome; an earlier attempt may have been carried out."
              }
            }
          }
        ]
      },
      "RevisionNotReachedProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "wanted",
              "actual"
            ],
            "properties": {
              "code": {
                "const": "revision_not_reached"
              },
              "status": {
                "const": 504
              },
              "title": {
                "const": "The node did not reach the revision in time"
              },
              "wanted": {
                "$ref": "#/components/schemas/Revision"
              },
              "actual": {
                "$ref": "#/components/schemas/Revision"
              }
            }
          }
        ]
      },
      "AlreadyMemberProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "already_member"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The id or the address is a member's"
              }
            }
          }
        ]
      },
      "IdReusedProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "id_reused"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The id was a member once"
              }
            }
          }
        ]
      },
      "TooManyMembersProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "max"
            ],
            "properties": {
              "code": {
                "const": "too_many_members"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The cluster has as many members as it can have"
              },
              "max": {
                "type": "integer",
                "minimum": 1
              }
            }
          }
        ]
      },
      "MembershipLimitProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "max"
            ],
            "properties": {
              "code": {
                "const": "membership_limit"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The cluster remembers as many ids as it can"
              },
              "max": {
                "type": "integer",
                "minimum": 1
              }
            }
          }
        ]
      },
      "NotMemberProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "not_member"
              },
              "status": {
                "const": 404
              },
              "title": {
                "const": "No member has this id"
              }
            }
          }
        ]
      },
      "NotLearnerProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "not_learner"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The member is no learner"
              }
            }
          }
        ]
      },
      "NotCaughtUpProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "lagEntries"
            ],
            "properties": {
              "code": {
                "const": "not_caught_up"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The learner is behind"
              },
              "lagEntries": {
                "type": "integer",
                "minimum": 0
              }
            }
          }
        ]
      },
      "InstanceUnknownProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "instance_unknown"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The learner has not said which data folder it runs on"
              }
            }
          }
        ]
      },
      "LastVoterProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "last_voter"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The last voter cannot leave"
              }
            }
          }
        ]
      },
      "ChangeInProgressProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "change_in_progress"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "Another change is under way"
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "TransferInProgressProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "transfer_in_progress"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "Leadership is being handed over"
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "NoTransferTargetProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "no_transfer_target"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "Nobody can take the leadership"
              }
            }
          }
        ]
      },
      "TransferTimedOutProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "properties": {
              "code": {
                "const": "transfer_timed_out"
              },
              "status": {
                "const": 409
              },
              "title": {
                "const": "The leadership was not taken in time"
              }
            }
          }
        ]
      },
      "UpgradeInProgressProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "needs",
              "clusterVersion",
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "upgrade_in_progress"
              },
              "status": {
                "const": 503
              },
              "title": {
                "const": "The cluster is being upgraded"
              },
              "needs": {
                "type": "integer",
                "minimum": 1,
                "description": "The cluster version that this write needs."
              },
              "clusterVersion": {
                "type": "integer",
                "minimum": 1
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "ForwardLoopProblem": {
        "allOf": [
          {
            "$ref": "#/components/schemas/Problem"
          },
          {
            "type": "object",
            "required": [
              "retryAfterMs"
            ],
            "properties": {
              "code": {
                "const": "forward_loop"
              },
              "status": {
                "const": 508
              },
              "title": {
                "const": "The request was forwarded already"
              },
              "retryAfterMs": {
                "$ref": "#/components/schemas/RetryAfterMs"
              }
            }
          }
        ]
      },
      "RetryAfterMs": {
        "type": "integer",
        "minimum": 0,
        "description": "When to try again at the earliest; Retry-After is the same in whole seconds, rounded up."
      },
      "WatchId": {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "description": "Chosen by the client; unique among the watches of its socket."
      },
      "WatchTarget": {
        "description": "An empty `prefix` selects everything of the kind.",
        "oneOf": [
          {
            "type": "object",
            "additionalProperties": false,
            "required": [
              "kind",
              "key"
            ],
            "properties": {
              "kind": {
                "type": "string",
                "enum": [
                  "config",
                  "lock",
                  "lease"
                ]
              },
              "key": {
                "type": "string",
                "minLength": 1,
                "maxLength": 480,
                "description": "A key, a lock name or a lease id."
              }
            }
          },
          {
            "type": "object",
            "additionalProperties": false,
            "required": [
              "kind",
              "prefix"
            ],
            "properties": {
              "kind": {
                "type": "string",
                "enum": [
                  "config",
                  "lock",
                  "lease"
                ]
              },
              "prefix": {
                "type": "string",
                "maxLength": 480
              }
            }
          },
          {
            "type": "object",
            "additionalProperties": false,
            "required": [
              "kind"
            ],
            "properties": {
              "kind": {
                "const": "member"
              }
            }
          }
        ]
      },
      "Hello": {
        "type": "object",
        "required": [
          "storeId",
          "node",
          "term",
          "revision",
          "compactRevision",
          "limits"
        ],
        "properties": {
          "storeId": {
            "type": "string"
          },
          "node": {
            "type": "string"
          },
          "term": {
            "type": "integer",
            "minimum": 0
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          },
          "compactRevision": {
            "$ref": "#/components/schemas/Revision"
          },
          "limits": {
            "type": "object",
            "required": [
              "watchesMax",
              "targetsMax",
              "unackedMax",
              "messageBytesMax",
              "progressMs"
            ],
            "properties": {
              "watchesMax": {
                "type": "integer",
                "minimum": 1,
                "description": "Open watches of one socket."
              },
              "targetsMax": {
                "type": "integer",
                "minimum": 1,
                "description": "Targets of one watch."
              },
              "unackedMax": {
                "type": "integer",
                "minimum": 1,
                "description": "Messages of one watch that may be unacknowledged."
              },
              "messageBytesMax": {
                "type": "integer",
                "minimum": 1,
                "description": "A message ends after the revision with which its values pass this size."
              },
              "progressMs": {
                "type": "integer",
                "minimum": 1,
                "description": "A watch that is sent nothing else is sent `watch:progress` this often."
              }
            }
          }
        }
      },
      "WatchOpen": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "watchId",
          "targets",
          "from"
        ],
        "properties": {
          "watchId": {
            "$ref": "#/components/schemas/WatchId"
          },
          "targets": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {
              "$ref": "#/components/schemas/WatchTarget"
            }
          },
          "from": {
            "description": "`snapshot`: the present, then changes. `now`: changes from now on. A revision: the first one of interest, at most one beyond the present.",
            "oneOf": [
              {
                "type": "string",
                "enum": [
                  "snapshot",
                  "now"
                ]
              },
              {
                "type": "object",
                "additionalProperties": false,
                "required": [
                  "revision"
                ],
                "properties": {
                  "revision": {
                    "$ref": "#/components/schemas/Revision"
                  }
                }
              }
            ]
          },
          "storeId": {
            "type": "string",
            "maxLength": 128,
            "description": "The store that `from.revision` belongs to; with that of another store the watch is refused with `store_changed`."
          },
          "timeoutMs": {
            "type": "integer",
            "minimum": 1,
            "maximum": 86400000,
            "description": "For how many ms the client waits for the answer. A node that has not reached `from.revision` waits for it until a little earlier, and for 5 s at most."
          }
        }
      },
      "WatchOpenAck": {
        "oneOf": [
          {
            "type": "object",
            "required": [
              "ok",
              "startRevision"
            ],
            "properties": {
              "ok": {
                "const": true
              },
              "startRevision": {
                "description": "The first revision whose changes will be sent.",
                "$ref": "#/components/schemas/Revision"
              }
            }
          },
          {
            "type": "object",
            "required": [
              "ok",
              "error"
            ],
            "properties": {
              "ok": {
                "const": false
              },
              "error": {
                "$ref": "#/components/schemas/WatchError"
              }
            }
          }
        ]
      },
      "WatchSnapshot": {
        "type": "object",
        "description": "A part of the present of the targets, all parts at one revision. There is none when nothing matches.",
        "required": [
          "watchId",
          "seq",
          "revision",
          "config",
          "locks",
          "leases"
        ],
        "properties": {
          "watchId": {
            "$ref": "#/components/schemas/WatchId"
          },
          "seq": {
            "$ref": "#/components/schemas/WatchSeq"
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          },
          "config": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/ConfigEntry"
            }
          },
          "locks": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/Lock"
            }
          },
          "leases": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/Lease"
            }
          }
        }
      },
      "WatchSeq": {
        "type": "integer",
        "minimum": 1,
        "description": "Counts the snapshot and event messages of one watch from 1."
      },
      "WatchSynced": {
        "type": "object",
        "description": "Sent exactly once, also when nothing matched. Everything up to `revision` was sent; what follows are new changes.",
        "required": [
          "watchId",
          "revision"
        ],
        "properties": {
          "watchId": {
            "$ref": "#/components/schemas/WatchId"
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "WatchEvents": {
        "type": "object",
        "required": [
          "watchId",
          "seq",
          "batches"
        ],
        "properties": {
          "watchId": {
            "$ref": "#/components/schemas/WatchId"
          },
          "seq": {
            "$ref": "#/components/schemas/WatchSeq"
          },
          "batches": {
            "type": "array",
            "minItems": 1,
            "items": {
              "$ref": "#/components/schemas/WatchBatch"
            }
          }
        }
      },
      "WatchBatch": {
        "type": "object",
        "description": "All matching changes of one revision, in order. Never split.",
        "required": [
          "revision",
          "wallTimeMs",
          "events"
        ],
        "properties": {
          "revision": {
            "$ref": "#/components/schemas/Revision"
          },
          "wallTimeMs": {
            "type": "integer",
            "minimum": 0,
            "description": "Unix time of the leader, for people."
          },
          "events": {
            "type": "array",
            "minItems": 1,
            "items": {
              "$ref": "#/components/schemas/WatchEvent"
            }
          }
        }
      },
      "WatchEvent": {
        "oneOf": [
          {
            "$ref": "#/components/schemas/ConfigPutEvent"
          },
          {
            "$ref": "#/components/schemas/ConfigDeletedEvent"
          },
          {
            "$ref": "#/components/schemas/LockGrantedEvent"
          },
          {
            "$ref": "#/components/schemas/LockReleasedEvent"
          },
          {
            "$ref": "#/components/schemas/LockQueuedEvent"
          },
          {
            "$ref": "#/components/schemas/LockDequeuedEvent"
          },
          {
            "$ref": "#/components/schemas/LeaseGrantedEvent"
          },
          {
            "$ref": "#/components/schemas/LeaseEndedEvent"
          },
          {
            "$ref": "#/components/schemas/MemberAddedEvent"
          },
          {
            "$ref": "#/components/schemas/MemberPromotedEvent"
          },
          {
            "$ref": "#/components/schemas/MemberRemovedEvent"
          }
        ]
      },
      "ConfigPutEvent": {
        "description": "The entry as it was written.",
        "allOf": [
          {
            "$ref": "#/components/schemas/ConfigEntry"
          },
          {
            "type": "object",
            "required": [
              "kind"
            ],
            "properties": {
              "kind": {
                "const": "configPut"
              }
            }
          }
        ]
      },
      "ConfigDeletedEvent": {
        "type": "object",
        "required": [
          "kind",
          "key",
          "reason"
        ],
        "properties": {
          "kind": {
            "const": "configDeleted"
          },
          "key": {
            "$ref": "#/components/schemas/Key"
          },
          "reason": {
            "type": "string",
            "enum": [
              "deleted",
              "leaseEnded"
            ]
          }
        }
      },
      "LockGrantedEvent": {
        "type": "object",
        "required": [
          "kind",
          "name",
          "fence",
          "leaseId",
          "ttlMs",
          "ticket",
          "owner"
        ],
        "properties": {
          "kind": {
            "const": "lockGranted"
          },
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "fence": {
            "$ref": "#/components/schemas/Fence"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "ticket": {
            "oneOf": [
              {
                "$ref": "#/components/schemas/Ticket"
              },
              {
                "type": "null"
              }
            ]
          },
          "owner": {
            "type": [
              "string",
              "null"
            ]
          }
        }
      },
      "LockReleasedEvent": {
        "type": "object",
        "required": [
          "kind",
          "name",
          "fence",
          "leaseId",
          "reason"
        ],
        "properties": {
          "kind": {
            "const": "lockReleased"
          },
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "fence": {
            "$ref": "#/components/schemas/Fence"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "reason": {
            "type": "string",
            "enum": [
              "released",
              "broken",
              "leaseEnded"
            ]
          }
        }
      },
      "LockQueuedEvent": {
        "type": "object",
        "required": [
          "kind",
          "name",
          "ticket",
          "leaseId",
          "owner"
        ],
        "properties": {
          "kind": {
            "const": "lockQueued"
          },
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "ticket": {
            "$ref": "#/components/schemas/Ticket"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "owner": {
            "type": [
              "string",
              "null"
            ]
          }
        }
      },
      "LockDequeuedEvent": {
        "type": "object",
        "required": [
          "kind",
          "name",
          "ticket",
          "reason"
        ],
        "properties": {
          "kind": {
            "const": "lockDequeued"
          },
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "ticket": {
            "$ref": "#/components/schemas/Ticket"
          },
          "reason": {
            "type": "string",
            "enum": [
              "cancelled",
              "waitTimeout",
              "leaseEnded"
            ]
          }
        }
      },
      "LeaseGrantedEvent": {
        "type": "object",
        "required": [
          "kind",
          "leaseId",
          "ttlMs",
          "owner"
        ],
        "properties": {
          "kind": {
            "const": "leaseGranted"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "owner": {
            "type": [
              "string",
              "null"
            ]
          }
        }
      },
      "LeaseEndedEvent": {
        "type": "object",
        "required": [
          "kind",
          "leaseId",
          "reason"
        ],
        "properties": {
          "kind": {
            "const": "leaseEnded"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "reason": {
            "type": "string",
            "enum": [
              "expired",
              "revoked",
              "holdEnded",
              "waitEnded"
            ]
          }
        }
      },
      "MemberAddedEvent": {
        "type": "object",
        "required": [
          "kind",
          "id",
          "apiUrl",
          "peerUrl",
          "learner"
        ],
        "properties": {
          "kind": {
            "const": "memberAdded"
          },
          "id": {
            "type": "string"
          },
          "apiUrl": {
            "type": "string"
          },
          "peerUrl": {
            "type": "string"
          },
          "learner": {
            "type": "boolean"
          }
        }
      },
      "MemberPromotedEvent": {
        "type": "object",
        "required": [
          "kind",
          "id"
        ],
        "properties": {
          "kind": {
            "const": "memberPromoted"
          },
          "id": {
            "type": "string"
          }
        }
      },
      "MemberRemovedEvent": {
        "type": "object",
        "required": [
          "kind",
          "id"
        ],
        "properties": {
          "kind": {
            "const": "memberRemoved"
          },
          "id": {
            "type": "string"
          }
        }
      },
      "WatchAck": {
        "type": "object",
        "additionalProperties": false,
        "description": "The client has taken everything up to and including `seq`, and may be sent as much again.",
        "required": [
          "watchId",
          "seq"
        ],
        "properties": {
          "watchId": {
            "$ref": "#/components/schemas/WatchId"
          },
          "seq": {
            "$ref": "#/components/schemas/WatchSeq"
          }
        }
      },
      "WatchProgress": {
        "type": "object",
        "description": "All changes up to `revision` were sent; it is sent in order with the events.",
        "required": [
          "watchId",
          "revision"
        ],
        "properties": {
          "watchId": {
            "$ref": "#/components/schemas/WatchId"
          },
          "revision": {
            "$ref": "#/components/schemas/Revision"
          }
        }
      },
      "WatchErrorCode": {
        "type": "string",
        "enum": [
          "invalid_request",
          "limit_reached",
          "compacted",
          "future_revision",
          "store_changed",
          "slow_consumer",
          "shutting_down",
          "recovering",
          "internal"
        ]
      },
      "WatchError": {
        "type": "object",
        "description": "The watch has ended or, as an answer to `watch:open`, was not opened.",
        "required": [
          "watchId",
          "code",
          "detail"
        ],
        "properties": {
          "watchId": {
            "$ref": "#/components/schemas/WatchId"
          },
          "code": {
            "$ref": "#/components/schemas/WatchErrorCode"
          },
          "detail": {
            "type": "string"
          },
          "compactRevision": {
            "description": "With `compacted`.",
            "$ref": "#/components/schemas/Revision"
          },
          "revision": {
            "description": "With `future_revision`: the newest revision.",
            "$ref": "#/components/schemas/Revision"
          },
          "storeId": {
            "type": "string",
            "description": "With `store_changed`: the store of this node."
          },
          "limit": {
            "type": "string",
            "description": "With `limit_reached`."
          },
          "max": {
            "type": "integer",
            "description": "With `limit_reached`."
          }
        }
      },
      "WatchClose": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "watchId"
        ],
        "properties": {
          "watchId": {
            "$ref": "#/components/schemas/WatchId"
          }
        }
      },
      "WatchCloseAck": {
        "type": "object",
        "description": "Nothing more is sent under this watchId. A `watch:open` that was not answered yet is answered `invalid_request` before. Closing an unknown watch is no error.",
        "required": [
          "ok"
        ],
        "properties": {
          "ok": {
            "const": true
          }
        }
      },
      "LeaseKeepalive": {
        "type": "object",
        "additionalProperties": false,
        "description": "Renews the leases, and asks the node to send `lock:granted` and `lock:lost` of these leases to this socket.",
        "required": [
          "leaseIds"
        ],
        "properties": {
          "leaseIds": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": {
              "$ref": "#/components/schemas/LeaseId"
            }
          }
        }
      },
      "LeaseKeepaliveAck": {
        "oneOf": [
          {
            "type": "object",
            "required": [
              "ok",
              "renewals"
            ],
            "properties": {
              "ok": {
                "const": true
              },
              "renewals": {
                "type": "array",
                "description": "In the order of the request; `ttlMs` null for a lease that does not exist (any more).",
                "items": {
                  "type": "object",
                  "required": [
                    "leaseId",
                    "ttlMs"
                  ],
                  "properties": {
                    "leaseId": {
                      "$ref": "#/components/schemas/LeaseId"
                    },
                    "ttlMs": {
                      "oneOf": [
                        {
                          "$ref": "#/components/schemas/TtlMs"
                        },
                        {
                          "type": "null"
                        }
                      ]
                    }
                  }
                }
              }
            }
          },
          {
            "type": "object",
            "required": [
              "ok",
              "error"
            ],
            "properties": {
              "ok": {
                "const": false
              },
              "error": {
                "$ref": "#/components/schemas/Problem"
              }
            }
          }
        ]
      },
      "LockGrantedMessage": {
        "type": "object",
        "description": "A wait under a lease that this socket keeps alive was granted.",
        "required": [
          "name",
          "fence",
          "storeId",
          "leaseId",
          "ttlMs",
          "ticket"
        ],
        "properties": {
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "fence": {
            "$ref": "#/components/schemas/Fence"
          },
          "storeId": {
            "$ref": "#/components/schemas/StoreId"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "ttlMs": {
            "$ref": "#/components/schemas/TtlMs"
          },
          "ticket": {
            "oneOf": [
              {
                "$ref": "#/components/schemas/Ticket"
              },
              {
                "type": "null"
              }
            ]
          }
        }
      },
      "LockLostMessage": {
        "type": "object",
        "description": "A hold under a lease that this socket keeps alive ended, other than by its release.",
        "required": [
          "name",
          "fence",
          "leaseId",
          "reason"
        ],
        "properties": {
          "name": {
            "$ref": "#/components/schemas/Key"
          },
          "fence": {
            "$ref": "#/components/schemas/Fence"
          },
          "leaseId": {
            "$ref": "#/components/schemas/LeaseId"
          },
          "reason": {
            "type": "string",
            "enum": [
              "broken",
              "leaseEnded"
            ]
          }
        }
      }
    }
  },
  "x-unmatched": {
    "404": {
      "$ref": "#/components/responses/NotFound"
    },
    "405": {
      "$ref": "#/components/responses/MethodNotAllowed"
    }
  },
  "x-refused": {
    "400": {
      "$ref": "#/components/responses/Malformed"
    },
    "403": {
      "$ref": "#/components/responses/OriginNotAllowed"
    },
    "408": {
      "$ref": "#/components/responses/RequestTimeout"
    },
    "417": {
      "$ref": "#/components/responses/ExpectationFailed"
    },
    "421": {
      "$ref": "#/components/responses/MisdirectedRequest"
    },
    "431": {
      "$ref": "#/components/responses/HeaderTooLarge"
    },
    "503": {
      "$ref": "#/components/responses/TooManyConnections"
    }
  },
  "x-socket-io": {
    "path": "/v1/socket.io",
    "namespace": "/watch",
    "serverToClient": {
      "hello": {
        "payload": {
          "$ref": "#/components/schemas/Hello"
        }
      },
      "watch:snapshot": {
        "payload": {
          "$ref": "#/components/schemas/WatchSnapshot"
        }
      },
      "watch:synced": {
        "payload": {
          "$ref": "#/components/schemas/WatchSynced"
        }
      },
      "watch:events": {
        "payload": {
          "$ref": "#/components/schemas/WatchEvents"
        }
      },
      "watch:progress": {
        "payload": {
          "$ref": "#/components/schemas/WatchProgress"
        }
      },
      "watch:error": {
        "payload": {
          "$ref": "#/components/schemas/WatchError"
        }
      },
      "lock:granted": {
        "payload": {
          "$ref": "#/components/schemas/LockGrantedMessage"
        }
      },
      "lock:lost": {
        "payload": {
          "$ref": "#/components/schemas/LockLostMessage"
        }
      }
    },
    "clientToServer": {
      "watch:open": {
        "payload": {
          "$ref": "#/components/schemas/WatchOpen"
        },
        "ack": {
          "$ref": "#/components/schemas/WatchOpenAck"
        }
      },
      "watch:ack": {
        "payload": {
          "$ref": "#/components/schemas/WatchAck"
        }
      },
      "watch:close": {
        "payload": {
          "$ref": "#/components/schemas/WatchClose"
        },
        "ack": {
          "$ref": "#/components/schemas/WatchCloseAck"
        }
      },
      "lease:keepalive": {
        "payload": {
          "$ref": "#/components/schemas/LeaseKeepalive"
        },
        "ack": {
          "$ref": "#/components/schemas/LeaseKeepaliveAck"
        }
      }
    }
  }
};
