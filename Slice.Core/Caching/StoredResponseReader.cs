using System.Text;
using Slice.Core.Fetching;
using Slice.Core.Http;

namespace Slice.Core.Caching;

/// <summary>
/// Makes a <see cref="StoredResponse"/> of what the origin sent: which fields go on to clients, how long it is fresh, and whether
/// others may see it (RFC 9111 §3). Thread-safe.
/// </summary>
public sealed class StoredResponseReader
{
    private readonly bool _enableCache;
    private readonly TimeSpan _defaultLifetime;
    private readonly TimeProvider _time;

    /// <summary>A reader under the rules of the configuration.</summary>
    /// <param name="enableCache">False: nothing is shared between requests.</param>
    /// <param name="defaultLifetime">Freshness lifetime of a response that states none.</param>
    /// <param name="time">The clock.</param>
    public StoredResponseReader(bool enableCache, TimeSpan defaultLifetime, TimeProvider time)
    {
        _enableCache = enableCache;
        _defaultLifetime = defaultLifetime;
        _time = time;
    }

    /// <summary>Reads the head of a 206 or 200.</summary>
    public StoredResponse Read(OriginResponse response, long completeLength)
    {
        var now = _time.GetUtcNow();
        var lines = new List<ForwardedField>(response.Fields.Count);
        foreach (var line in response.Fields)
        {
            if (StoredFields.IsStored(line.Name, response.Fields))
            {
                lines.Add(line);
            }
        }

        return Build(lines, PartialResponseCheck.ValidatorOf(response, completeLength), response.FindCombined("Age"), now);
    }

    /// <summary>
    /// Brings a stored response up to date with a 304: its fields replace the stored ones of the same name (RFC 9111 §3.2), the
    /// version stays.
    /// </summary>
    public StoredResponse Freshen(StoredResponse stored, OriginResponse notModified)
    {
        var updates = new List<ForwardedField>();
        foreach (var line in notModified.Fields)
        {
            if (StoredFields.IsStored(line.Name, notModified.Fields) && StoredFields.IsUpdatedBy304(line.Name))
            {
                updates.Add(line);
            }
        }

        // A 304 without Date was made now (RFC 9110 §6.6.1), not when the stored response was: the old Date goes in any case.
        var lines = StoredFields.Parse(stored.FieldLines.Span);
        lines.RemoveAll(line => Is(line, "Date") || updates.Exists(update => Is(line, update.Name)));
        lines.AddRange(updates);
        return Build(lines, stored.Validator, notModified.FindCombined("Age"), _time.GetUtcNow());
    }

    /// <summary>Whether a shared cache may use the response for other requests (RFC 9111 §3).</summary>
    public bool MayBeShared(OriginResponse response)
    {
        if (!_enableCache)
        {
            return false;
        }

        var cacheControl = CacheControl.Parse(response.FindCombined("Cache-Control") ?? "");
        return !cacheControl.NoStore
            && !cacheControl.IsPrivate
            && response.FindCombined("Set-Cookie") is null
            && !VariesBeyondCoding(response.FindCombined("Vary"));
    }

    // Subrequests always ask for the identity coding, so Accept-Encoding selects nothing here; any other field could.
    private static bool VariesBeyondCoding(string? vary)
    {
        foreach (var range in (vary ?? "").AsSpan().Split(','))
        {
            var name = vary.AsSpan(range).Trim(" \t");
            if (!name.IsEmpty && !name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private StoredResponse Build(List<ForwardedField> lines, Validator validator, string? age, DateTimeOffset now)
    {
        string? date = Find(lines, "Date");
        if (date is null)
        {
            // RFC 9110 §6.6.1: a recipient that forwards or caches a response without Date adds one.
            Span<byte> written = stackalloc byte[HttpDate.FixdateBytes];
            HttpDate.Write(now, written);
            date = Encoding.ASCII.GetString(written);
            lines.Add(new ForwardedField("Date", date));
        }

        var stated = ParseDate(date, now);
        var freshness = new Freshness(now, AgeWhenReceived(age, stated ?? now, now), LifetimeOf(lines, stated ?? now, now));
        return new StoredResponse(
            validator,
            freshness,
            StoredFields.Format(lines, static _ => true),
            StoredFields.Format(lines, StoredFields.BelongsTo304),
            validator.LastModified is { } modified ? ParseDate(modified, now) : null,
            stated);
    }

    private static TimeSpan AgeWhenReceived(string? age, DateTimeOffset date, DateTimeOffset now)
    {
        // RFC 9111 §5.1: of a list, which it must not be, the first member counts.
        var first = age.AsSpan();
        int comma = first.IndexOf(',');
        var stated = DeltaSeconds.Parse(comma < 0 ? first : first[..comma].TrimEnd(" \t"));
        var apparent = now - date;
        return apparent > stated ? apparent : stated;
    }

    private TimeSpan LifetimeOf(List<ForwardedField> lines, DateTimeOffset date, DateTimeOffset now)
    {
        var cacheControl = CacheControl.Parse(Combine(lines, "Cache-Control") ?? "");
        if (cacheControl.NoCache)
        {
            return TimeSpan.Zero;
        }

        if ((cacheControl.SharedMaxAge ?? cacheControl.MaxAge) is { } stated)
        {
            return stated;
        }

        if (Combine(lines, "Expires") is not { } expires)
        {
            return _defaultLifetime;
        }

        // RFC 9111 §5.3: a date that cannot be read, "0" above all, is in the past.
        var lifetime = (ParseDate(expires, now) ?? date) - date;
        return lifetime > TimeSpan.Zero ? lifetime : TimeSpan.Zero;
    }

    private static DateTimeOffset? ParseDate(string value, DateTimeOffset now) =>
        HttpDate.TryParse(Encoding.Latin1.GetBytes(value), now, out var date) ? date : null;

    private static bool Is(ForwardedField line, string name) => line.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static string? Find(List<ForwardedField> lines, string name)
    {
        int index = lines.FindIndex(line => Is(line, name));
        return index < 0 ? null : lines[index].Value;
    }

    private static string? Combine(List<ForwardedField> lines, string name)
    {
        var values = lines.FindAll(line => Is(line, name)).ConvertAll(line => line.Value);
        return values.Count == 0 ? null : string.Join(", ", values);
    }
}
