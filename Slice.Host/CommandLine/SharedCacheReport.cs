using System.Globalization;
using System.Text;
using System.Text.Json;
using Slice.Core.Caching;
using Slice.Core.SharedCache;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>What <c>inspect</c> says of a shared cache, for people and for scripts. Pure.</summary>
internal static class SharedCacheReport
{
    private const int MaxText = 200;

    private static readonly HashSet<string> s_credentials =
        new(StringComparer.OrdinalIgnoreCase) { "authorization", "cookie", "proxy-authorization" };

    /// <summary>Writes all of it for people.</summary>
    public static void Write(SharedCacheFindings findings, TextWriter output)
    {
        var tier = findings.Tier;
        output.WriteLine($"shared     {tier.Store}");
        output.WriteLine($"realm      {tier.Realm}, keys begin with {findings.Prefix}");
        string state = tier.Problem ?? tier.Description ?? "answers, and does not tell how full it is";
        output.WriteLine($"state      {PrintableText.EscapeInvisible(state, MaxText)}");
        if (tier.Problem is not null)
        {
            return;
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"news       {tier.News}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"purges     {tier.Purges}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"instances  {tier.Members.Count}"));
        foreach (var member in tier.Members)
        {
            output.WriteLine($"  {PrintableText.EscapeInvisible(member.Name, MaxText)}: {ProgressOf(member, tier)}");
        }

        if (findings.Object is { } found)
        {
            output.WriteLine();
            output.WriteLine($"object     {PrintableText.EscapeInvisible(findings.Key!, MaxText)}");
            output.WriteLine($"record     {SentenceOf(found)}");
            WriteVariants(found, output);
        }
    }

    /// <summary>Writes the members for scripts.</summary>
    public static void WriteJson(Utf8JsonWriter json, SharedCacheFindings findings)
    {
        var tier = findings.Tier;
        json.WriteString("store", tier.Store);
        json.WriteString("prefix", findings.Prefix);
        json.WriteString("realm", tier.Realm);
        json.WriteBoolean("reached", tier.Problem is null);
        json.WriteString("problem", tier.Problem);
        json.WriteString("description", tier.Description);
        json.WriteNumber("news", tier.News);
        json.WriteNumber("purges", tier.Purges);
        json.WriteStartArray("instances");
        foreach (var member in tier.Members)
        {
            json.WriteStartObject();
            json.WriteString("name", member.Name);
            json.WriteNumber("news", member.News);
            json.WriteNumber("purges", member.Purges);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (findings.Object is { } found)
        {
            json.WriteStartObject("object");
            WriteObject(json, findings.Key!, found);
            json.WriteEndObject();
        }
    }

    // An instance that has said where it is before the last news came is behind for a moment; the numbers may also have begun anew.
    private static string ProgressOf(FleetMember member, InspectedTier tier)
    {
        var (news, purges) = (Math.Max(0, tier.News - member.News), Math.Max(0, tier.Purges - member.Purges));
        return news + purges == 0
            ? "has heard everything"
            : string.Create(CultureInfo.InvariantCulture, $"has not heard of {news} news and {purges} purges yet");
    }

    private static string SentenceOf(InspectedTierObject found) => found.State switch
    {
        TierObjectState.Absent => "not there",
        TierObjectState.Damaged => "damaged: not as it was written, and not used",
        TierObjectState.Outdated => $"outdated: {found.Reason}; not used",
        TierObjectState.Valid => "valid",
        _ => $"unknown: {PrintableText.EscapeInvisible(found.Reason ?? "", MaxText)}",
    };

    private static void WriteVariants(InspectedTierObject found, TextWriter output)
    {
        if (found.Variants.Count > 0)
        {
            output.WriteLine();
            output.WriteLine($"{"status",6}  {"length",10}  {"slices",13}  {"age",8}  {"fresh for",9}  validator");
        }

        foreach (var variant in found.Variants)
        {
            var response = variant.Stored.Response;
            string stays = variant.FreshFor > TimeSpan.Zero ? StoreReport.Span(variant.FreshFor) : "stale";
            string slices = string.Create(CultureInfo.InvariantCulture, $"{variant.There}/{variant.LookedAt}");
            string many = variant.LookedAt == variant.Slices ? "" : string.Create(CultureInfo.InvariantCulture, $" (of {variant.Slices})");
            string validator = PrintableText.EscapeInvisible(ValidatorOf(response) ?? "none", MaxText);
            output.WriteLine(
                $"{response.Status,6}  {ReadableSize.Format(response.CompleteLength),10}  {slices + many,13}  "
                + $"{StoreReport.Span(variant.Age),8}  {stays,9}  {validator}");
            foreach (var (name, value) in FieldsOf(variant))
            {
                output.WriteLine($"        selected by {PrintableText.EscapeInvisible($"{name}: {value}", MaxText)}");
            }
        }
    }

    private static void WriteObject(Utf8JsonWriter json, string key, InspectedTierObject found)
    {
        json.WriteString("key", key);
        json.WriteString("state", found.State.ToString().ToLowerInvariant());
        json.WriteString("reason", found.Reason);
        json.WriteStartArray("variants");
        foreach (var variant in found.Variants)
        {
            var response = variant.Stored.Response;
            json.WriteStartObject();
            json.WriteNumber("status", response.Status);
            json.WriteNumber("complete_length", response.CompleteLength);
            json.WriteNumber("slice_size", variant.Stored.Grid.SliceSizeBytes);
            json.WriteNumber("slices_total", variant.Slices);
            json.WriteNumber("slices_looked_at", variant.LookedAt);
            json.WriteNumber("slices_there", variant.There);
            json.WriteBoolean("body_with_head", variant.Stored.Body is not null);
            json.WriteNumber("age_seconds", (long)variant.Age.TotalSeconds);
            json.WriteNumber("fresh_for_seconds", (long)variant.FreshFor.TotalSeconds);
            json.WriteString("etag", response.Validator.EntityTag);
            json.WriteString("last_modified", response.Validator.LastModified);
            json.WriteStartObject("selected_by");
            foreach (var (name, value) in FieldsOf(variant))
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string? ValidatorOf(StoredResponse response) => response.Validator.EntityTag ?? response.Validator.LastModified;

    // A terminal, and what is copied from one, is no place for somebody's credentials.
    private static IEnumerable<(string Name, string Value)> FieldsOf(InspectedTierVariant variant) =>
        (variant.Stored.Selecting?.Fields ?? [])
            .Select(static field => (Name: Encoding.Latin1.GetString(field.Name), Value: Encoding.Latin1.GetString(field.Value)))
            .Select(static field => s_credentials.Contains(field.Name) ? (field.Name, "(not shown)") : field);
}
