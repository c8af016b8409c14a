using System.Text;
using Slice.Core.Http;

namespace Slice.Core.Caching;

/// <summary>
/// The head of a stored response, ready to be sent: one per object, never per slice. Immutable; a validation makes a new one. A million
/// objects have a million of these: what can be read in the field lines is not kept beside them.
/// </summary>
public sealed class StoredResponse
{
    private const long NoDate = long.MinValue;

    private readonly byte[] _fieldLines;
    private readonly long _lastModifiedTicks;
    private readonly long _dateTicks;

    /// <summary>Makes a stored response of a 200.</summary>
    public StoredResponse(
        Validator validator, Freshness freshness, byte[] fieldLines, DateTimeOffset? lastModifiedDate, DateTimeOffset? date)
    {
        // What an earlier process has stored says it in its lines alone.
        string? stated = ContentEncodingIn(fieldLines, out bool describesContent);
        string? coding = validator.ContentCoding ?? Validator.CodingOf(stated);
        DescribesContent = describesContent;
        Validator = coding == validator.ContentCoding ? validator : validator with { ContentCoding = coding };
        Freshness = freshness;
        _fieldLines = fieldLines;
        EntityTag = EntityTagIn(fieldLines, validator);
        HasReferences = ReferenceFields.AreIn(fieldLines);
        _lastModifiedTicks = lastModifiedDate?.UtcTicks ?? NoDate;
        _dateTicks = date?.UtcTicks ?? NoDate;
    }

    private StoredResponse(StoredResponse other, Freshness freshness)
    {
        (_fieldLines, _lastModifiedTicks, _dateTicks) = (other._fieldLines, other._lastModifiedTicks, other._dateTicks);
        (Validator, EntityTag, Freshness) = (other.Validator, other.EntityTag, freshness);
        (DescribesContent, HasReferences) = (other.DescribesContent, other.HasReferences);
        (Status, Stale, Tags, IsPurged) = (other.Status, other.Stale, other.Tags, other.IsPurged);
        (RequiresValidation, IsForEverybody, HasRanges) = (other.RequiresValidation, other.IsForEverybody, other.HasRanges);
        (MayCombine, HasStrongValidator) = (other.MayCombine, other.HasStrongValidator);
    }

    /// <summary>Its status code; 200 for what was fetched in parts.</summary>
    public int Status { get; init; } = 200;

    /// <summary>
    /// Whether an answer of this status tells of the object: that it is there, elsewhere or gone. The others are about one request, or
    /// about the origin's trouble with it, and change nothing of what is stored (B52).
    /// </summary>
    public static bool IsAboutTheObject(int status) => status is (>= 200 and < 400) or 404 or 410;

    /// <summary>Whether it must be validated before every use, however fresh: no-cache (RFC 9111 §5.2.2.4).</summary>
    public bool RequiresValidation { get; init; }

    /// <summary>
    /// Whether it must be validated before its next use because it was purged softly; it may stand in for a failing origin, as what is
    /// stale.
    /// </summary>
    public bool IsPurged { get; init; }

    /// <summary>The tags that the origin gave it; null for none.</summary>
    public CacheTags? Tags { get; init; }

    /// <summary>Whether the origin says that it also answers requests that say who asks (RFC 9111 §3.5).</summary>
    public bool IsForEverybody { get; init; }

    /// <summary>Whether the origin serves parts of it, as far as it has said so.</summary>
    public bool HasRanges { get; init; }

    /// <summary>Whether it was last modified in the second in which it was made: a moment later it may have changed unseen.</summary>
    public bool IsOfItsSecond => _dateTicks != NoDate && _dateTicks - _lastModifiedTicks is >= 0 and < TimeSpan.TicksPerSecond;

    /// <summary>Whether a field line refers to a place (<see cref="ReferenceFields"/>), perhaps by the origin's own address.</summary>
    internal bool HasReferences { get; }

    /// <summary>
    /// Whether it answers requests of strangers only: an error or a redirect that the origin does not call public. Somebody whom the origin
    /// knows may be let in where strangers are refused, sent to a login, or told that there is nothing (B50, B52).
    /// </summary>
    public bool IsForStrangers => Status >= 300 && !IsForEverybody;

    /// <summary>
    /// Whether slices fetched at different times may be joined (B25); else it is fetched anew when it is no longer fresh.
    /// </summary>
    public bool MayCombine { get; init; } = true;

    /// <summary>Whether its validator is strong, whatever the operator asks for (RFC 9110 §8.8.1, §8.8.2.2).</summary>
    public bool HasStrongValidator { get; init; } = true;

    /// <summary>How it may be used when it is no longer fresh.</summary>
    public StaleUse Stale { get; init; }

    /// <summary>What identifies its version.</summary>
    public Validator Validator { get; }

    /// <summary>Bytes of the representation.</summary>
    public long CompleteLength => Validator.CompleteLength;

    /// <summary>How long it may be used.</summary>
    public Freshness Freshness { get; }

    /// <summary>
    /// End-to-end field lines as they go to the client, each ended by CRLF. Without those that belong to one answer: Content-Length,
    /// Content-Range, Accept-Ranges, Age. The origin's own Via and Cache-Status stay: ours come after them.
    /// </summary>
    public ReadOnlyMemory<byte> FieldLines => _fieldLines;

    /// <summary>Whether some of them describe the bytes of the whole, and must not go out with a part (B61).</summary>
    public bool DescribesContent { get; }

    /// <summary>The Content-Type field's value; empty when there is none.</summary>
    public ReadOnlyMemory<byte> ContentType => ValueIn(_fieldLines, "Content-Type"u8);

    /// <summary>The ETag field's value; empty when there is none.</summary>
    public ReadOnlyMemory<byte> EntityTag { get; }

    /// <summary>The Last-Modified field's date; null when there is none that can be read.</summary>
    public DateTimeOffset? LastModifiedDate => DateOf(_lastModifiedTicks);

    /// <summary>The Date field's date; null when it cannot be read.</summary>
    public DateTimeOffset? Date => DateOf(_dateTicks);

    /// <summary>Bytes of memory that it takes beside the object itself, about.</summary>
    internal int Bytes =>
        _fieldLines.Length + (Tags?.Bytes ?? 0) + (2 * ((Validator.EntityTag?.Length ?? 0) + (Validator.LastModified?.Length ?? 0)));

    /// <summary>The same, no longer fresh, and to be validated before its next use: purged softly at a moment.</summary>
    internal StoredResponse Expired(Instant at)
    {
        if (IsPurged)
        {
            return this;
        }

        var age = Freshness.AgeAt(at);
        var freshness = age < Freshness.Lifetime ? Freshness with { Lifetime = age } : Freshness;
        return new StoredResponse(this, freshness) { IsPurged = true };
    }

    /// <summary>The same, with the age that it has at a moment: for who goes on with it by another clock.</summary>
    internal StoredResponse AgedTo(Instant at) => At(at, Freshness.AgeAt(at));

    /// <summary>The same, received at a moment with an age that it has then.</summary>
    internal StoredResponse At(Instant receivedAt, TimeSpan age) =>
        new(this, Freshness with { ReceivedAt = receivedAt, AgeWhenReceived = age });

    /// <summary>
    /// The same for bytes that are fetched under the same validators when the second is over in which the object was modified: the version
    /// that they are of can be no other one any more (RFC 9110 §8.8.2.2).
    /// </summary>
    /// <param name="comparedBy">What the operator goes by when versions are compared.</param>
    internal StoredResponse AfterItsSecond(ValidatorStrength comparedBy) =>
        new(Validator, Freshness, _fieldLines, LastModifiedDate, Date)
        {
            Status = Status,
            RequiresValidation = RequiresValidation,
            IsForEverybody = IsForEverybody,
            HasRanges = HasRanges,
            MayCombine = Validator.AllowsCombining(comparedBy, isDateStrong: true, isOfItsSecond: false),
            HasStrongValidator = Validator.AllowsCombining(ValidatorStrength.Strict, isDateStrong: true, isOfItsSecond: false),
            Stale = Stale,
            Tags = Tags,
            IsPurged = IsPurged,
        };

    private static DateTimeOffset? DateOf(long ticks) => ticks == NoDate ? null : new DateTimeOffset(ticks, TimeSpan.Zero);

    private static string? ContentEncodingIn(byte[] fieldLines, out bool describesContent)
    {
        string? combined = null;
        describesContent = false;
        var lines = new FieldLineReader(fieldLines);
        while (lines.MoveNext())
        {
            describesContent |= StoredFields.IsOfContent(lines);
            if (lines.Is("Content-Encoding"u8))
            {
                string value = Encoding.Latin1.GetString(lines.Value);
                combined = combined is null ? value : combined + "," + value;
            }
        }

        return combined;
    }

    private static ReadOnlyMemory<byte> EntityTagIn(byte[] fieldLines, Validator validator)
    {
        if (validator.EntityTag is null)
        {
            return default;
        }

        var value = ValueIn(fieldLines, "ETag"u8);
        return value.IsEmpty ? Encoding.Latin1.GetBytes(validator.EntityTag) : value;
    }

    private static ReadOnlyMemory<byte> ValueIn(byte[] fieldLines, ReadOnlySpan<byte> name)
    {
        var reader = new FieldLineReader(fieldLines);
        for (int position = 0; reader.MoveNext(); position += reader.Line.Length)
        {
            if (reader.Is(name))
            {
                return fieldLines.AsMemory(position + name.Length + 2, reader.Value.Length);
            }
        }

        return default;
    }
}
