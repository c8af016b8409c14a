using System.Text;
using Slice.Core.Http;
using Slice.Core.Origin;

namespace Slice.Core.Caching;

/// <summary>
/// Makes a <see cref="StoredResponse"/> of what the origin sent: which fields go on to clients, how long it is fresh, and whether
/// others may see it (RFC 9111 §3). Thread-safe.
/// </summary>
public sealed class StoredResponseReader
{
    private readonly CachePolicy _policy;
    private readonly TimeProvider _time;

    /// <summary>A reader under the operator's rules.</summary>
    public StoredResponseReader(CachePolicy policy, TimeProvider time)
    {
        _policy = policy;
        _time = time;
    }

    /// <summary>Reads the head of a response that has just come.</summary>
    public StoredResponse Read(OriginResponse response, long completeLength) => Read(response, completeLength, _time.GetUtcNow());

    /// <summary>Reads the head of a response that came at <paramref name="receivedAt"/>.</summary>
    public StoredResponse Read(OriginResponse response, long completeLength, DateTimeOffset receivedAt)
    {
        var lines = new List<ForwardedField>(response.Fields.Count);
        foreach (var line in response.Fields)
        {
            if (StoredFields.IsStored(line.Name, response.Fields))
            {
                lines.Add(line);
            }
        }

        var validator = PartialResponseCheck.ValidatorOf(response, completeLength);
        return Build(lines, response.Status == 206 ? 200 : response.Status, validator, response, receivedAt);
    }

    /// <summary>
    /// Brings a stored response up to date with a 304: its fields replace the stored ones of the same name (RFC 9111 §3.2), the
    /// version stays. A HEAD's 200 does the same (RFC 9111 §4.3.5).
    /// </summary>
    public StoredResponse Freshen(StoredResponse stored, OriginResponse notModified)
    {
        var updates = new List<ForwardedField>();
        foreach (var line in notModified.Fields)
        {
            if (StoredFields.IsStored(line.Name, notModified.Fields) && StoredFields.IsUpdatedBy304(line.Name, _policy.StoresSetCookie))
            {
                updates.Add(line);
            }
        }

        // A 304 without Date was made now (RFC 9110 §6.6.1), not when the stored response was: the old Date goes in any case.
        var lines = StoredFields.Parse(stored.FieldLines.Span);
        lines.RemoveAll(line => Is(line, "Date") || updates.Exists(update => Is(line, update.Name)));
        lines.AddRange(updates);
        return Build(lines, stored.Status, stored.Validator, notModified, _time.GetUtcNow());
    }

    /// <summary>Whether a shared cache may use the response for other requests (RFC 9111 §3), and for which.</summary>
    /// <param name="response">The response.</param>
    /// <param name="request">What the request says about sharing.</param>
    /// <param name="template">What the origin was asked with.</param>
    /// <param name="selecting">The fields that another request must agree in; null when any does.</param>
    public bool MayBeShared(OriginResponse response, RequestSharing request, SubrequestTemplate template, out SelectingFields? selecting)
    {
        selecting = null;
        if (!_policy.IsEnabled)
        {
            return false;
        }

        var now = _time.GetUtcNow();
        var lines = response.Fields;
        var directives = DirectivesOf(lines);
        var lifetime = LifetimeOf(response.Status, lines, directives, response, DateOf(lines, now) ?? now, now);
        return (_policy.StoresSetCookie || response.FindCombined("Set-Cookie") is null)
            && Storability.MayBeShared(response, directives, lifetime, StatesLifetime(lines, directives), request)
            && SelectingFields.TryRead(VaryOf(response, template), template.Fields, template.PassesAcceptEncoding, out selecting);
    }

    /// <summary>
    /// Whether an answer that confirms a stored response says that other fields select it than it said itself. Then the stored response may
    /// not be used for others, as it was never looked at which of their values it answers.
    /// </summary>
    public static bool VariesOtherwise(StoredResponse stored, OriginResponse confirmation) =>
        confirmation.FindCombined("Vary") is { } vary
        && !vary.Equals(Combine(StoredFields.Parse(stored.FieldLines.Span), "Vary"), StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a 304 takes back the permission to keep what it validates.</summary>
    public bool TakesBack(OriginResponse notModified)
    {
        var directives = DirectivesOf(notModified.Fields);
        return !_policy.IsEnabled || directives.NoStore || directives.IsPrivate;
    }

    // A coded body that does not say that it varies by coding does: another client may not know the coding.
    private static string? VaryOf(OriginResponse response, SubrequestTemplate template)
    {
        string? vary = response.FindCombined("Vary");
        return template.PassesAcceptEncoding && PartialResponseCheck.HasContentCoding(response) ? vary + ", Accept-Encoding" : vary;
    }

    private StoredResponse Build(List<ForwardedField> lines, int status, Validator validator, OriginResponse latest, DateTimeOffset now)
    {
        if (Find(lines, "Date") is null)
        {
            // RFC 9110 §6.6.1: a recipient that forwards or caches a response without Date adds one.
            Span<byte> written = stackalloc byte[HttpDate.FixdateBytes];
            HttpDate.Write(now, written);
            lines.Add(new ForwardedField("Date", Encoding.ASCII.GetString(written)));
        }

        var date = DateOf(lines, now);
        var modified = validator.LastModified is { } value ? ParseDate(value, now) : null;
        var directives = DirectivesOf(lines);
        var lifetime = directives.NoCache ? null : LifetimeOf(status, lines, directives, latest, date ?? now, now);
        return new StoredResponse(
            validator,
            new Freshness(now, AgeWhenReceived(latest.FindCombined("Age"), date ?? now, now), lifetime ?? TimeSpan.Zero),
            StoredFields.Format(lines),
            modified,
            date)
        {
            Status = status,
            RequiresValidation = directives.NoCache,
            MayCombine = validator.AllowsCombining(_policy.Validator, isDateStrong: date - modified >= TimeSpan.FromSeconds(1)),
            Stale = StaleUseOf(directives),
        };
    }

    // What the response itself allows is allowed in spite of s-maxage, which alone would forbid it: it was said on purpose.
    private StaleUse StaleUseOf(in CacheControl directives)
    {
        bool isForbidden = directives.MustRevalidate || directives.ProxyRevalidate || directives.NoCache;
        return isForbidden
            ? new StaleUse(IsForbidden: true, TimeSpan.Zero, TimeSpan.Zero)
            : new StaleUse(
                directives.ForbidsStale,
                directives.StaleWhileRevalidate ?? (directives.ForbidsStale ? TimeSpan.Zero : _policy.StaleWhileRevalidate),
                directives.StaleIfError ?? (directives.ForbidsStale ? TimeSpan.Zero : _policy.StaleIfError));
    }

    private static TimeSpan AgeWhenReceived(string? age, DateTimeOffset date, DateTimeOffset now)
    {
        // What is no number, or more than one, says that some cache before us is confused: old is the safe reading (RFC 9111 §4.2.3 would
        // let us take it for absent).
        var stated = TimeSpan.Zero;
        if (age is not null && !DeltaSeconds.TryParse(age, out stated))
        {
            stated = DeltaSeconds.Longest;
        }

        // Date has no fractions: an answer of this very second is not old.
        var apparent = now - date;
        return apparent >= TimeSpan.FromSeconds(1) && apparent > stated ? apparent : stated;
    }

    private TimeSpan? LifetimeOf(
        int status, IReadOnlyList<ForwardedField> lines, in CacheControl directives, OriginResponse latest, DateTimeOffset date, DateTimeOffset now)
    {
        // RFC 9213 §2.2: where a targeted field counts, Expires does not. RFC 9111 §5.3: a date that cannot be read, "0" above all, is
        // in the past.
        bool isTargeted = TargetedCacheControl.TryParse(Combine(lines, TargetedCacheControl.FieldName)) is not null;
        DateTimeOffset? expires = !isTargeted && Combine(lines, "Expires") is { } value ? ParseDate(value, now) ?? DateTimeOffset.MinValue : null;
        return FreshnessLifetime.Of(status, directives, latest.FindSingle(FreshnessLifetime.AccelExpiresFieldName), expires, date, _policy);
    }

    private static bool StatesLifetime(IReadOnlyList<ForwardedField> lines, in CacheControl directives) =>
        directives.IsPublic || directives.MaxAge is not null || directives.SharedMaxAge is not null
        || Find(lines, "Expires") is not null || Find(lines, FreshnessLifetime.AccelExpiresFieldName) is not null;

    private static CacheControl DirectivesOf(IReadOnlyList<ForwardedField> lines) =>
        TargetedCacheControl.TryParse(Combine(lines, TargetedCacheControl.FieldName)) ?? CacheControl.Parse(Combine(lines, "Cache-Control") ?? "");

    private static DateTimeOffset? DateOf(IReadOnlyList<ForwardedField> lines, DateTimeOffset now) =>
        Find(lines, "Date") is { } value ? ParseDate(value, now) : null;

    private static DateTimeOffset? ParseDate(string value, DateTimeOffset now) =>
        HttpDate.TryParse(Encoding.Latin1.GetBytes(value), now, out var date) ? date : null;

    private static bool Is(ForwardedField line, string name) => line.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static string? Find(IReadOnlyList<ForwardedField> lines, string name)
    {
        foreach (var line in lines)
        {
            if (Is(line, name))
            {
                return line.Value;
            }
        }

        return null;
    }

    private static string? Combine(IReadOnlyList<ForwardedField> lines, string name)
    {
        string? combined = null;
        foreach (var line in lines)
        {
            if (Is(line, name))
            {
                combined = combined is null ? line.Value : combined + ", " + line.Value;
            }
        }

        return combined;
    }
}
