"""What comes in and goes out as JSON: frozen, closed, strict models, and the types of their fields.

Fields carry their patterns and bounds, because the OpenAPI document is made from them: what a form accepts is what the
document promises. An identifier is written `person: Annotated[PersonId, PARSED]`.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from protocol.identifiers import LARGEST_INTEGER, Identifier
from protocol.identifiers import Instant as ProtocolInstant


class Form(BaseModel):
    """What a client sends: JSON bodies, and below the parameters of queries and headers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Query(Form):
    """Parameters of a query: whole numbers and booleans are read from their one spelling (`7`, `true`)."""


class Headers(Form):
    """Request headers that a route reads; each field's alias is the header's name."""


class Answer(BaseModel):
    """What the server answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Parsed:
    """Marks a field whose type is a protocol `Identifier`: it is read with the type's own `parse`."""

    def __get_pydantic_core_schema__(self, source: type[Identifier], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate with `parse`; identifiers that are made already pass through it, being text."""
        del handler
        return core_schema.no_info_plain_validator_function(
            source.parse, serialization=core_schema.plain_serializer_function_ser_schema(str), metadata={"id": source}
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the identifier as text of its pattern."""
        del handler
        source: type[Identifier] = schema["metadata"]["id"]
        return identifier_schema(source)


def identifier_schema(kind: type[Identifier]) -> dict[str, Any]:
    """Give the JSON schema of an identifier."""
    pattern = kind.pattern if hasattr(kind, "pattern") else f"^{kind.prefix}_[0-9a-f]{{32}}$"
    return {"type": "string", "pattern": pattern}


PARSED: Final = Parsed()

Instant = Annotated[
    ProtocolInstant,
    Field(ge=0, le=LARGEST_INTEGER, description="Milliseconds since 1970 UTC"),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LARGEST_INTEGER}),
]
Number = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256, lower-case hex")]
Token = Annotated[
    str,
    Field(max_length=65_536, pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", description="A compact JWS"),
]
Base64Url = Annotated[str, Field(pattern="^[A-Za-z0-9_-]*$", description="base64url without padding")]
