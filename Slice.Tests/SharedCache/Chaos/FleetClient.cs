using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>One client: asks for objects, or parts of them, of one instance after the other, and compares every byte.</summary>
/// <param name="ledger">Who has seen what.</param>
/// <param name="objects">The objects.</param>
/// <param name="random">Its choices.</param>
internal sealed class FleetClient(FleetLedger ledger, IReadOnlyList<FleetObject> objects, FuzzRandom random)
{
    /// <summary>Asks once, and says what is wrong; null when nothing is.</summary>
    public async Task<string?> AskAsync(FleetSlot slot)
    {
        var asked = random.Pick(objects);
        string language = random.Pick(FleetVariant.Languages);
        string? range = random.OneIn(2) ? RangeOf(asked) : null;
        string[] fields =
        [
            $"Accept-Language: {language}",
            .. range is null ? [] : new[] { $"Range: {range}" },
            .. random.OneIn(8) ? ["Cache-Control: no-cache"] : Array.Empty<string>(),
        ];
        long from = Stopwatch.GetTimestamp();
        RawResponse response;
        try
        {
            using var client = await RawClient.ConnectAsync(slot.Proxy.EndPoint);
            await client.SendAsync(RawClient.Request("GET", asked.Path, fields));
            response = await client.ReadEndingAsync();
        }
        catch (Exception error) when (error is SocketException or IOException or InvalidDataException or TimeoutException)
        {
            return slot.IsKilled ? null : $"{asked.Path} ({asked.Kind}) {range}: {error.Message}";
        }

        return slot.IsKilled ? null
            : Check(asked, language, range, response, from, slot.Number) is { } problem
                ? $"instance {slot.Number}, {asked.Path} ({asked.Kind}) {string.Join(", ", fields)}: {problem}\n{response}"
                : null;
    }

    private string RangeOf(FleetObject asked)
    {
        int lengthBytes = Math.Max(1, asked.LengthOf(asked.Latest) ?? 1);
        int first = random.Below(lengthBytes);
        return random.Below(3) switch
        {
            0 => string.Create(CultureInfo.InvariantCulture, $"bytes={first}-"),
            1 => string.Create(CultureInfo.InvariantCulture, $"bytes=-{1 + random.Below(lengthBytes)}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"bytes={first}-{first + random.Below(3 * FleetObject.SliceBytes)}"),
        };
    }

    private string? Check(FleetObject asked, string language, string? range, RawResponse response, long from, int instance)
    {
        int changes = asked.ChangesSince(from);
        if (response.StatusCode >= 500)
        {
            // Each try has met another version (B24).
            return changes >= 2 ? null : $"status {response.StatusCode} beside {changes} changes";
        }

        if (response.StatusCode == 416)
        {
            return null;
        }

        if (!int.TryParse(response.Field("X-Version"), CultureInfo.InvariantCulture, out int version))
        {
            return "an answer of no version";
        }

        if (response.Ending != ResponseEnding.Complete && version == asked.Latest && changes == 0)
        {
            return "cut, although it is the current version";
        }

        if (asked.IsShareable && ledger.Judge(asked.VariantFor(language), version, from) is { } stale)
        {
            return stale;
        }

        if (Compare(asked, version, language, response) is { } wrong)
        {
            return wrong;
        }

        if (response.Ending == ResponseEnding.Complete && asked.IsShareable)
        {
            ledger.Saw(asked.VariantFor(language), version, instance);
        }

        return null;
    }

    // Length and place too: nothing that is short looks complete.
    private static string? Compare(FleetObject asked, int version, string language, RawResponse response)
    {
        if (asked.LengthOf(version) is not { } lengthBytes)
        {
            return response is { StatusCode: 404, Body.Length: 0 } ? null : $"version {version} is not there";
        }

        int first = 0;
        int end = lengthBytes;
        if (response.StatusCode == 206)
        {
            string[] numbers = (response.Field("Content-Range") ?? "").Split(' ', '-', '/');
            if (numbers is not ["bytes", var start, var last, var complete]
                || !int.TryParse(start, CultureInfo.InvariantCulture, out first)
                || !int.TryParse(last, CultureInfo.InvariantCulture, out end)
                || complete != lengthBytes.ToString(CultureInfo.InvariantCulture))
            {
                return $"Content-Range of an object of {lengthBytes} bytes";
            }

            end++;
        }
        else if (response.StatusCode != 200)
        {
            return $"status {response.StatusCode}";
        }

        int missing = end - first - response.Body.Length;
        return (response.Ending == ResponseEnding.Complete ? missing != 0 : missing < 0) ? $"{missing} bytes are missing"
            : !response.Body.AsSpan().SequenceEqual(TestContent.Bytes(first, response.Body.Length, asked.SeedOf(version, language)))
                ? "wrong bytes"
                : null;
    }
}
