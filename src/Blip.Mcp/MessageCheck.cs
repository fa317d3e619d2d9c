using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Blip.Mcp;

/// <summary>
/// Looks through a message before the SDK reads it. For a message that it cannot read, the SDK gives little information or a wrong code, or
/// drops the message.
/// </summary>
internal ref struct MessageCheck
{
    /// <summary>How deep the SDK reads.</summary>
    private const int MaxDepth = 64;

    /// <summary>Objects as deep as this have no name twice: the message, its params, and the members of these.</summary>
    private const int NamedDepth = 3;

    private const int MaxNames = 256;

    private readonly HashSet<string>[] _names = [[], [], []];
    private Utf8JsonReader _reader;
    private string _name = "";
    private bool _isVersion2;
    private bool _hasMethod;
    private bool _hasOutcome;
    private bool _hasId;
    private RequestId _id;
    private MessageFault? _fault;

    private MessageCheck(ReadOnlySpan<byte> message) =>
        // The depth is checked here, so that the id is found behind what is too deep.
        _reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = int.MaxValue });

    /// <summary>Finds what the SDK could not read.</summary>
    /// <param name="message">One message, in UTF-8, without a byte order mark.</param>
    /// <param name="method">The method of a request or a notification, where nothing is wrong.</param>
    /// <param name="isRequest">Whether it is a request, which is answered.</param>
    /// <returns>The first thing that is wrong; null for nothing.</returns>
    public static MessageFault? Find(ReadOnlySpan<byte> message, out string? method, out bool isRequest)
    {
        method = null;
        isRequest = false;
        if (!Utf8.IsValid(message))
            return new MessageFault(McpErrorCode.ParseError, "The message is not valid UTF-8.");
        MessageCheck check = new(message);
        try
        {
            MessageFault? fault = check.Find(out method);
            isRequest = check._hasMethod && check._hasId;
            return fault;
        }
        catch (JsonException exception)
        {
            string place = FormattableString.Invariant($"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}");
            return new MessageFault(McpErrorCode.ParseError, $"The message is not valid JSON at {place}.");
        }
    }

    private MessageFault? Find(out string? method)
    {
        method = null;
        while (_reader.Read())
        {
            if (_reader.CurrentDepth == 0 && _reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject))
                return FindInOther();
            CheckDepth();
            if (_reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                CheckText();
            if (_reader.TokenType == JsonTokenType.StartObject && _reader.CurrentDepth < NamedDepth)
                _names[_reader.CurrentDepth].Clear();
            if (_reader.TokenType == JsonTokenType.PropertyName)
                CheckName();
            else if (_reader.CurrentDepth == 1 && _reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
                CheckMember(ref method);
        }
        if (_hasId && _id.Id is null)
            _fault ??= Invalid("'id' must be a string or a whole number.");
        if (!_isVersion2)
            _fault ??= Invalid("""The message is not JSON-RPC 2.0: "jsonrpc" must be "2.0".""");
        if (!_hasMethod && !(_hasOutcome && _id.Id is not null))
            _fault ??= Invalid("'method' is missing: the name of the request.");
        bool isResponse = _hasOutcome && !_hasMethod;
        bool isAnswered = !isResponse && (_hasId || !_hasMethod);
        return _fault is null ? null : _fault with { Id = _id, IsAnswered = isAnswered };
    }

    /// <summary>Finds what is wrong with a message that is no object. Its end may not be JSON, which comes first.</summary>
    private MessageFault FindInOther()
    {
        do
            CheckDepth();
        while (_reader.Read());
        return _fault ?? Invalid("The message is not a JSON object. Send one request at a time: batches are not supported.");
    }

    private void CheckDepth()
    {
        if (_reader.CurrentDepth >= MaxDepth && _reader.TokenType is (JsonTokenType.StartObject or JsonTokenType.StartArray))
            _fault ??= new MessageFault(McpErrorCode.ParseError, $"The message is nested deeper than {MaxDepth} levels.");
    }

    private void CheckText()
    {
        if (!_reader.ValueIsEscaped || !HasHalfPair(_reader.ValueSpan))
            return;
        string where = _reader.TokenType == JsonTokenType.PropertyName ? "A name" : $"'{_name}'";
        _fault ??= new MessageFault(
            McpErrorCode.InvalidParams, $"{where} is not valid Unicode: it has half of a surrogate pair. Send whole characters.");
    }

    private void CheckName()
    {
        // A name that is not valid Unicode has its fault already, and cannot be read.
        _name = HasHalfPair(_reader.ValueSpan) ? "" : PlainText.Of(_reader.ValueSpan.Length <= PlainText.LongestEscape
            ? _reader.GetString()!
            : Encoding.UTF8.GetString(_reader.ValueSpan[..PlainText.LongestEscape]));
        if (_reader.CurrentDepth is not (> 0 and <= NamedDepth) || _name.Length == 0)
            return;
        HashSet<string> names = _names[_reader.CurrentDepth - 1];
        if (_reader.ValueSpan.Length > PlainText.LongestEscape || names.Count == MaxNames)
            _fault ??= new MessageFault(McpErrorCode.InvalidParams, "The message has too many names, or names that are too long.");
        else if (!names.Add(_reader.GetString()!))
            _fault ??= new MessageFault(McpErrorCode.InvalidParams, $"'{_name}' appears twice.");
    }

    /// <summary>Looks at the value of a member of the message itself.</summary>
    private void CheckMember(ref string? method)
    {
        switch (_name)
        {
            case "jsonrpc":
                _isVersion2 = _reader.TokenType == JsonTokenType.String && _reader.ValueTextEquals("2.0"u8);
                break;
            case "id":
                _hasId = true;
                if (_reader.TokenType == JsonTokenType.String && !HasHalfPair(_reader.ValueSpan))
                    _id = new RequestId(_reader.GetString()!);
                else if (_reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out long number))
                    _id = new RequestId(number);
                break;
            case "method":
                _hasMethod = true;
                if (_reader.TokenType != JsonTokenType.String)
                    _fault ??= Invalid("'method' must be a string.");
                else if (_reader.ValueSpan.Length <= PlainText.LongestEscape && !HasHalfPair(_reader.ValueSpan))
                    method = _reader.GetString();
                break;
            case "params" when _reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null):
                _fault ??= new MessageFault(McpErrorCode.InvalidParams, "'params' must be an object.");
                break;
            case "result" or "error":
                _hasOutcome = true;
                break;
        }
    }

    /// <summary>Whether an escaped text has half of a surrogate pair. The reader has checked that its escapes are whole.</summary>
    private static bool HasHalfPair(ReadOnlySpan<byte> text)
    {
        bool isHigh = false;
        while (text.Length > 0)
        {
            int next = text.IndexOf((byte)'\\');
            if (next != 0)
            {
                if (isHigh)
                    return true;
                if (next < 0)
                    return false;
                text = text[next..];
            }
            if (text[1] != 'u')
            {
                if (isHigh)
                    return true;
                text = text[2..];
                continue;
            }
            char unit = (char)ushort.Parse(text.Slice(2, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (isHigh != char.IsLowSurrogate(unit))
                return true;
            isHigh = char.IsHighSurrogate(unit);
            text = text[6..];
        }
        return isHigh;
    }

    private static MessageFault Invalid(string message) => new(McpErrorCode.InvalidRequest, message);
}
