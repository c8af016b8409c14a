using System.Text;
using Slice.Core.Http;

namespace Slice.Core.Caching;

/// <summary>
/// What the client's Cache-Control asks of a cache (RFC 9111 §5.2.1). Advisory to a cache by the standard; honoured by default (B28).
/// </summary>
public readonly record struct RequestDirectives
{
    // Values are given to a stack buffer; no client sends one nearly as long (arbitrary). What is longer counts as no-cache: the careful
    // reading.
    private const int MaxValueBytes = 512;

    /// <summary>
    /// <c>no-cache</c>: what is stored must be validated; also <c>Pragma: no-cache</c> without Cache-Control (RFC 9111 §5.4).
    /// </summary>
    public bool NoCache { get; init; }

    /// <summary><c>no-store</c>: the answer to this request must not be stored.</summary>
    public bool NoStore { get; init; }

    /// <summary><c>only-if-cached</c>: the origin must not be asked.</summary>
    public bool OnlyIfCached { get; init; }

    /// <summary><c>max-age</c>: the oldest answer that is taken; null for any.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary><c>min-fresh</c>: how long the answer must stay fresh; null for no matter.</summary>
    public TimeSpan? MinFresh { get; init; }

    /// <summary>
    /// <c>max-stale</c>: how long past its freshness an answer is taken; null for not at all, the greatest value for any time.
    /// </summary>
    public TimeSpan? MaxStale { get; init; }

    /// <summary>
    /// <c>stale-if-error</c> (RFC 5861 §4): how long past its freshness an answer is taken when the origin fails; null for no say.
    /// </summary>
    public TimeSpan? StaleIfError { get; init; }

    /// <summary>Reads the directives of a request; it allocates nothing.</summary>
    public static RequestDirectives Read(FieldTable fields)
    {
        var result = default(RequestDirectives);
        if (!fields.Contains(KnownField.CacheControl))
        {
            return fields.Contains(KnownField.Pragma) ? ReadPragma(fields) : result;
        }

        Span<char> text = stackalloc char[MaxValueBytes];
        for (int line = fields.NextIndex(KnownField.CacheControl, 0); line >= 0; line = fields.NextIndex(KnownField.CacheControl, line + 1))
        {
            var value = fields.ValueAt(line);
            if (value.Length > MaxValueBytes)
            {
                result = result with { NoCache = true };
                continue;
            }

            Encoding.Latin1.GetChars(value, text);
            ReadOnlySpan<char> rest = text[..value.Length];
            while (DirectiveReader.TryTake(ref rest, out var name, out var argument))
            {
                result = result.With(name, argument);
            }
        }

        return result;
    }

    private static RequestDirectives ReadPragma(FieldTable fields)
    {
        for (int line = fields.NextIndex(KnownField.Pragma, 0); line >= 0; line = fields.NextIndex(KnownField.Pragma, line + 1))
        {
            if (HopByHopFields.IsNamedIn(fields.ValueAt(line), "no-cache"u8))
            {
                return new RequestDirectives { NoCache = true };
            }
        }

        return default;
    }

    private RequestDirectives With(ReadOnlySpan<char> name, ReadOnlySpan<char> argument)
    {
        if (Is(name, "no-cache"))
        {
            return this with { NoCache = true };
        }

        if (Is(name, "no-store"))
        {
            return this with { NoStore = true };
        }

        if (Is(name, "only-if-cached"))
        {
            return this with { OnlyIfCached = true };
        }

        if (Is(name, "max-age"))
        {
            return this with { MaxAge = DeltaSeconds.Parse(argument) };
        }

        if (Is(name, "min-fresh"))
        {
            return this with { MinFresh = DeltaSeconds.Parse(argument) };
        }

        if (Is(name, "max-stale"))
        {
            // RFC 9111 §5.2.1.2: without a value, a stale answer of any age.
            return this with { MaxStale = argument.IsEmpty ? TimeSpan.MaxValue : DeltaSeconds.Parse(argument) };
        }

        return Is(name, "stale-if-error") ? this with { StaleIfError = DeltaSeconds.Parse(argument) } : this;
    }

    private static bool Is(ReadOnlySpan<char> name, string directive) => name.Equals(directive, StringComparison.OrdinalIgnoreCase);
}
