namespace Slice.Tests.Support;

/// <summary>How the end of a response showed.</summary>
public enum ResponseEnding
{
    /// <summary>
    /// By its own framing: Content-Length, the last chunk, a status without content, or a close where nothing else delimits it.
    /// </summary>
    Complete,

    /// <summary>The connection was closed (FIN) before the framing's end.</summary>
    CutByClose,

    /// <summary>The connection was reset before the framing's end.</summary>
    CutByReset,
}

/// <summary>One response as it arrived: head as text and fields, body as bytes with any chunked coding removed.</summary>
public sealed class RawResponse
{
    private readonly string[] _lines;

    internal RawResponse(string headText)
    {
        HeadText = headText;
        _lines = headText.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        if (_lines.Length == 0
            || !_lines[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
            || !int.TryParse(_lines[0].AsSpan(9, 3), out int status))
        {
            throw new InvalidDataException("not a response head: " + Wire.Show(Wire.Bytes(headText)));
        }

        StatusCode = status;
    }

    /// <summary>The head with the empty line that ends it.</summary>
    public string HeadText { get; }

    /// <summary>Its first line.</summary>
    public string StatusLine => _lines[0];

    /// <summary>The three digits.</summary>
    public int StatusCode { get; }

    /// <summary>The field lines in order, without CRLF.</summary>
    public IReadOnlyList<string> FieldLines => _lines[1..];

    /// <summary>The content; empty when it went to a sink.</summary>
    public byte[] Body { get; internal set; } = [];

    /// <summary>The content, one character per byte.</summary>
    public string BodyText => Wire.Text(Body);

    /// <summary>Bytes of content that arrived, also when they went to a sink.</summary>
    public long BodyBytes { get; internal set; }

    /// <summary>Trailer field lines of a chunked body.</summary>
    public IReadOnlyList<string> TrailerLines { get; internal set; } = [];

    /// <summary>Heads of 1xx responses that came before, in order.</summary>
    public IReadOnlyList<string> InterimHeads { get; internal set; } = [];

    /// <summary>Whether and how the response came to an end.</summary>
    public ResponseEnding Ending { get; internal set; }

    /// <summary>
    /// The value of the only field line named so; null when there is none. Two or more throw: a test that expects them asks
    /// <see cref="Fields"/>.
    /// </summary>
    public string? Field(string name)
    {
        var values = Fields(name);
        return values.Count <= 1
            ? values.SingleOrDefault()
            : throw new InvalidDataException($"{values.Count} field lines '{name}' in:\n{HeadText}");
    }

    /// <summary>The values of all field lines named so, in order.</summary>
    public IReadOnlyList<string> Fields(string name) => Wire.FieldValues(_lines, name);

    /// <inheritdoc/>
    public override string ToString() => $"{HeadText}[{BodyBytes} bytes, {Ending}]";
}
