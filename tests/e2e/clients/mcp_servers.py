"""Two MCP servers for Odoo, driven over their standard input and output as an AI application drives them."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio.from_thread
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from clients import Account, Story, install

CALL_SECONDS = 60
Call = Callable[..., Any]


def mcp_server_odoo(account: Account, name: str, folder: Path) -> Story:
    """In YOLO mode, as without its module in Odoo; it would take JSON-2 for an API key, so the key is the password."""
    return _mcp_server_odoo(account, name, folder, ODOO_PASSWORD=account.key, ODOO_YOLO="true", ODOO_RPC_TRANSPORT="xmlrpc")


def mcp_server_odoo_json_2(account: Account, name: str, folder: Path) -> Story:
    """In YOLO mode with an API key it takes JSON-2 by itself."""
    return _mcp_server_odoo(account, name, folder, ODOO_API_KEY=account.key, ODOO_YOLO="true")


def mcp_server_odoo_standard(account: Account, name: str, folder: Path) -> Story:
    """In its standard mode it asks its module in Odoo, for which the gate stands in, before each call."""
    return _mcp_server_odoo(account, name, folder, ODOO_API_KEY=account.key)


def _mcp_server_odoo(account: Account, name: str, folder: Path, **mode: str) -> Story:
    environment = {"ODOO_URL": account.url, "ODOO_DB": account.database, "ODOO_USER": account.login, **mode}
    with _server("mcp-server-odoo", "mcp_server_odoo", environment, folder) as (tools, call):
        assert "res.partner" in [model["model"] for model in call("list_models")["models"]]
        page = call("search_records", model="res.partner", domain=[["is_company", "=", True]], fields=["name"], limit=100)
        created = call("create_record", model="res.partner", values={"name": name})["record"]["id"]
        refusal = call("delete_record", model="res.partner", record_id=created)
    return Story([record["id"] for record in page["records"]], created, refusal, tools)


@contextlib.contextmanager
def working(account: Account, folder: Path) -> Iterator[Call]:
    """mcp-server-odoo for as long as somebody works with it: a function that calls one of its tools."""
    environment = {"ODOO_URL": account.url, "ODOO_DB": account.database, "ODOO_USER": account.login}
    environment |= {"ODOO_PASSWORD": account.key, "ODOO_YOLO": "true", "ODOO_RPC_TRANSPORT": "xmlrpc"}
    with _server("mcp-server-odoo", "mcp_server_odoo", environment, folder) as (_, call):
        yield call


def odoo_mcp(account: Account, name: str, folder: Path) -> Story:
    """Its writes are enabled by an environment variable, and each is validated before it is executed."""
    return _odoo_mcp(account, name, folder, ODOO_TRANSPORT="xmlrpc")


def odoo_mcp_json_2(account: Account, name: str, folder: Path) -> Story:
    """The same over JSON-2."""
    return _odoo_mcp(account, name, folder, ODOO_TRANSPORT="json2", ODOO_API_KEY=account.key)


def _odoo_mcp(account: Account, name: str, folder: Path, **mode: str) -> Story:
    environment = {
        "ODOO_URL": account.url,
        "ODOO_DB": account.database,
        "ODOO_USERNAME": account.login,
        "ODOO_PASSWORD": account.key,
        "ODOO_MCP_ENABLE_WRITES": "1",
        **mode,
    }
    with _server("odoo-mcp", "odoo_mcp", environment, folder) as (tools, call):

        def write(**what: Any) -> dict[str, Any]:
            validated = call("validate_write", model="res.partner", **what)["result"]
            return call("execute_approved_write", approval=validated["approval"], confirm=True)["result"]

        profile = call("get_odoo_profile")["profile"]
        assert "contacts" in [module["name"] for module in profile["installed_modules"]]
        domain = [["is_company", "=", True]]
        found = call("search_records", model="res.partner", domain=domain, fields=["name"], limit=100)["result"]
        created = write(operation="create", values={"name": name})["result"]
        # JSON-2 answers a list.
        created = created[0] if isinstance(created, list) else created
        refusal = write(operation="unlink", record_ids=[created])["error"]
    return Story([record["id"] for record in found], created, refusal, tools)


@contextlib.contextmanager
def _server(package: str, module: str, environment: dict[str, str], folder: Path) -> Iterator[tuple[tuple[str, ...], Call]]:
    """The names of the tools of a running server, and a function that calls one of them."""
    python = install.python(package)
    # The folder is its working directory, so that no configuration file of the checkout reaches it.
    parameters = StdioServerParameters(command=str(python), args=["-m", module], env=environment, cwd=folder)
    with anyio.from_thread.start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(_session(parameters, folder / "server.log")) as session:

            def call(tool: str, **arguments: Any) -> Any:
                """The structured result of a tool; of one that failed, the message."""
                result = portal.call(session.call_tool, tool, arguments)
                return result.content[0].text if result.is_error else result.structured_content

            tools = portal.call(session.list_tools).tools
            yield tuple(tool.name for tool in tools), call


@contextlib.asynccontextmanager
async def _session(parameters: StdioServerParameters, log: Path) -> AsyncIterator[ClientSession]:
    with log.open("w") as errors:
        async with stdio_client(parameters, errors) as streams, ClientSession(*streams, CALL_SECONDS) as session:
            await session.initialize()
            yield session
